//! The member: vault, cache, sync, outbox and the use cases.
