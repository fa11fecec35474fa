//! Messages: written, sent, received, listed, searched.

mod chain;
mod compose;
mod list;
mod outbox;
mod receive;
mod search;

pub use compose::{Encrypted, Sent, SentState, cancel, decrypt, encrypt, retry, send};
pub use list::{MessageKind, MessagePage, MessageState, MessageView, list};
pub use search::{SearchHit, search};

pub(crate) use compose::{enqueue, may_post, queue};
pub(crate) use outbox::{header, pump};
pub(crate) use receive::{receive, retry_held};
