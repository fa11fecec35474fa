//! Alarms: what was done that no honest relay or member does, until a person has seen it.

mod acknowledge;
mod list;
mod raise;

pub use acknowledge::acknowledge;
pub use list::{AlarmView, list};

pub(crate) use crate::cache::alarms::{Accused, Cause};
pub(crate) use raise::accused;
