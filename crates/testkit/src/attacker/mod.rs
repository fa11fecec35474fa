//! Attackers as programs: a member who has turned, with every key in hand, and whoever runs the relay. Both may send any bytes.

mod commit;
mod forged_log;
mod line;
mod loot;
mod member;
mod relay;
mod signer;

pub use forged_log::{Entry, ForgedLog};
pub use line::{Answer, Line};
pub(crate) use loot::open;
pub use loot::{EpochLoot, Loot};
pub use member::Attacker;
pub use relay::Hostile;
pub use signer::Posing;
