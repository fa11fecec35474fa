//! Calls: begun, answered, run, ended, and kept in the history.
//!
//! One task runs the call of the moment ([`work()`]); everything else gives it orders and reads its view. What goes out is sealed for the
//! conversation as every message is, and nothing of it is stored.

mod active;
mod admit;
mod desk;
mod devices;
mod door;
mod end;
mod gear;
mod guest;
mod hear;
mod history;
mod keys;
pub mod link;
mod obey;
mod options;
mod order;
mod pictures;
mod post;
mod presence;
mod preview;
mod quality;
mod ring;
mod signal;
mod start;
mod time;
mod view;
mod work;

pub use bezel_calls::call::Peer;
pub use bezel_calls::connection::LinkStats;
pub use bezel_calls::device::{DeviceInfo, Devices};
pub use bezel_calls::session::{CallStats, PeerStats, Seen, Sink, Verifier};

pub use devices::devices;
pub use guest::{admit, refuse, send_away};
pub use history::{CallSummary, history};
pub use link::{GuestLinkView, OpenLinkView};
pub use options::{CallOptions, Processing, Screen, Source};
pub use order::{
    key_generation, leave, retry, set_camera, set_media, set_microphone, set_processing, set_ring_time, set_screen, set_speaker, stats,
    want_key_frame,
};
pub use pictures::show_pictures;
pub use preview::Preview;
pub use quality::Quality;
pub use start::{answer, decline, start};
pub use view::{CallOutcomeName, CallPerson, CallPhase, CallProblem, CallView, Gear, GuestView, MediaName, current};
pub use work::work;

pub(crate) use history::summary;
pub(crate) use order::{Calls, Order};
