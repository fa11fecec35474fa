//! Between frames and RTP packets (RFC 3550, RFC 7741), and what to ask for when one is lost.

mod assembler;
mod descriptor;
mod sequence;

pub use assembler::{Assembled, Assembler, Step};
pub use descriptor::{fragments, strip};
pub use sequence::Unwrapped;
