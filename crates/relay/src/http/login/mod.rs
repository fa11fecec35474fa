//! Log-in by signed challenge.

mod challenge;
mod log_in;
mod log_out;

pub(crate) use challenge::challenge;
pub(crate) use log_in::log_in;
pub(crate) use log_out::log_out;
