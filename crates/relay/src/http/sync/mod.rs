//! Where everything stands.

mod heads;

pub(crate) use heads::heads;
