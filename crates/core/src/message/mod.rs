//! Messages: written, sent, received, listed, searched.

mod compose;
mod list;
mod search;
mod unconfirmed;

pub use compose::{Answered, Encrypted, Sent, SentState, cancel, decrypt, encrypt, retry, send};
pub use list::{MessageKind, MessagePage, MessageState, MessageView, list};
pub use search::{SearchHit, search};
