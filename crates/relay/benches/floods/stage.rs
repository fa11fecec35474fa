//! A workspace in which something can be flooded: Ana, who owns it; Ben, who may only read; Cleo, who only wants to be answered; and a guest.

use std::time::Duration;

use bezel_protocol::wire::{MAX_ENVELOPE_BYTES, MessageKind, NewMessages};
use bezel_protocol::{ConversationId, Role, envelope};

use crate::others::Others;
use crate::process::Process;
use crate::support::{Person, Shop, ciphertext, random};

/// How long a flood lasts that only has to stand.
const HOLD: Duration = Duration::from_secs(20);
/// What surrounds the content of an envelope is no longer.
pub(crate) const AROUND_BYTES: usize = 1024;
/// As many as a page may name.
const ENVELOPES: u64 = 200;

pub(crate) struct Stage {
    process: Option<Process>,
    pub(crate) shop: Shop,
    pub(crate) ben: Person,
    cleo: Person,
    pub(crate) guest: Person,
    pub(crate) conversation: ConversationId,
    /// The places of the envelopes.
    pub(crate) places: (u64, u64),
}

impl Stage {
    /// A conversation of three with as many envelopes of the largest size as a page may name.
    pub(crate) async fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::start(folder.path(), "127.0.0.1:0", None);
        let mut shop = Shop::found(process.base.clone(), None, folder).await;
        let ben = shop.join(1, "ben", Role::Member).await;
        let cleo = shop.join(2, "cleo", Role::Member).await;
        let guest = shop.join(3, "guest", Role::Guest).await;
        let conversation = shop.ana.begin_with(&[(&ben, Role::ReadOnly), (&cleo, Role::Member)]).await;
        for _ in 0..ENVELOPES {
            let large = envelope(&shop.ana, MessageKind::Stored, conversation, MAX_ENVELOPE_BYTES - AROUND_BYTES);
            assert_eq!(shop.ana.send(conversation, &large).await.status, 200);
        }
        // Behind the beginning and the commit.
        let places = (3, 2 + ENVELOPES);
        Self { process: Some(process), shop, ben, cleo, guest, conversation, places }
    }

    /// Starts the relay again, lets a flood go over it, and tells what that cost.
    pub(crate) async fn row(&mut self, what: &str, files: Option<u64>, flood: impl AsyncFnOnce(&Self) -> String) -> String {
        let listen = self.shop.base().trim_start_matches("http://").to_owned();
        // The old one must have let go of data and address.
        self.process = None;
        let process = Process::start(self.shop.folder.path(), &listen, files);
        let others = Others::ask(&self.cleo);
        tokio::time::sleep(Duration::from_secs(2)).await;
        let rest = process.resident();
        let note = flood(self).await;
        let (answered, longest) = others.stop().await;
        let row = format!("{what:54} {rest:8.0} {:8.0} {answered:8} {:9.0}  {note}", process.peak(), longest.as_secs_f64() * 1000.0);
        self.process = Some(process);
        row
    }
}

/// Waits while a flood stands.
pub(crate) async fn hold() -> String {
    tokio::time::sleep(HOLD).await;
    String::new()
}

/// An envelope with so many bytes of content.
pub(crate) fn envelope(person: &Person, kind: MessageKind, conversation: ConversationId, bytes: usize) -> NewMessages {
    let header = person.header(conversation, 1);
    let key = person.message_key.posing_as(header.device.as_bytes());
    NewMessages { kind, envelopes: vec![envelope::build(&header, random(), ciphertext(bytes), &key).unwrap().into()] }
}
