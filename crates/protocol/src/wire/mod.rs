//! Requests, answers and events between members and the relay.
