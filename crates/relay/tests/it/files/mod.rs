//! Files over a real socket.

mod round_trip;
