//! The call of the moment: what runs it, and how it is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use bezel_calls::call::{End, Limits, Peer, Phase};
use bezel_calls::connection::ConnectionOptions;
use bezel_calls::session::{CallView as Running, Event, Session, SessionOptions, Sink};
use bezel_calls::sound::SoundProcessor;
use bezel_crypto::Secret;
use bezel_crypto::call::CallSecret;
use bezel_protocol::content::{CallMedia, CallSecretBytes, MediaState};
use bezel_protocol::roster::Roster;
use bezel_protocol::wire::IceServer;
use bezel_protocol::{CallId, ConversationId, DeviceId, GuestId};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::door::{Doors, Guest, Standing};
use super::options::{CallOptions, Screen};
use super::quality::Meter;
use super::view::{CallPerson, CallProblem, CallView, Gear, GuestView, Shown};
use crate::cache::calls::Call;
use crate::clock::Timestamp;
use crate::error::{Result, damaged};
use crate::member::Member;

/// A call that runs here.
pub(super) struct Active {
    pub(super) call: CallId,
    pub(super) conversation: ConversationId,
    /// Which device called.
    pub(super) caller: DeviceId,
    pub(super) media: CallMedia,
    from: String,
    pub(super) session: Session,
    pub(super) events: mpsc::Receiver<Event>,
    pub(super) running: Option<Running>,
    pub(super) options: CallOptions,
    pub(super) screen: Option<Screen>,
    pub(super) processor: Arc<SoundProcessor>,
    /// From which frame keys come, and its number.
    pub(super) secret: CallSecretBytes,
    pub(super) generation: u32,
    /// This device gave it out.
    pub(super) gave_secret: bool,
    /// The guest at whose knock it rings, or rang.
    door: Option<GuestId>,
    /// This device is in it.
    pub(super) is_in: bool,
    /// How many other people the conversation has.
    pub(super) others: usize,
    /// Who could read the conversation when one looked last, and in which epoch.
    pub(super) readers: BTreeSet<DeviceId>,
    pub(super) epoch: u64,
    /// When this device gives out new keys if nobody else does, and their number.
    pub(super) rekey: Option<(Instant, u32)>,
    /// Somebody was shut out whose leaf is still in the group.
    pub(super) rekeys_in_next_epoch: bool,
    pub(super) meter: Meter,
    /// Other members' devices were in it when it was shown last.
    pub(super) had_others: bool,
    /// Codes to read aloud, by guest.
    pub(super) codes: BTreeMap<String, String>,
    /// Devices that do not work, and why.
    pub(super) problems: BTreeMap<Gear, String>,
    /// What is being opened of each kind, by a number: what was begun for an older choice is taken no more.
    pub(super) opening: BTreeMap<Gear, u64>,
    openings: u64,
    /// When a device that had ended was opened anew.
    pub(super) reopened_at: BTreeMap<Gear, Instant>,
    /// When the relay is told again that this device is in the call.
    pub(super) present_until: Instant,
    pub(super) seconds_noted: u32,
}

/// What is known before a call runs.
pub(super) struct Beginning<'a> {
    pub(super) row: Call,
    /// This device calls with these media; else it is called.
    pub(super) calls: Option<MediaState>,
    pub(super) options: CallOptions,
    pub(super) ice_servers: Vec<IceServer>,
    pub(super) others: usize,
    /// The guest at whose knock it rings, and the guest's name.
    pub(super) guest: Option<(GuestId, &'a str)>,
}

impl Active {
    pub(super) fn begin(member: &Member, beginning: Beginning<'_>) -> Result<Self> {
        let Beginning { row, calls, options, ice_servers, others, guest } = beginning;
        let secret = Secret::from_slice(row.secret.expose()).ok_or_else(|| damaged("secret of a call"))?;
        let limits = Limits { reconnection_attempts: member.environment.settings.max_reconnection_attempts, ..member.calls.limits() };
        let connection = ConnectionOptions { ice_servers, is_relay_only: options.hides_address, addresses: addresses(member) };
        let sink: Arc<dyn Sink> = Arc::<super::pictures::Pictures>::clone(&member.calls.pictures);
        let (session, events) = Session::start(SessionOptions {
            me: member.device(),
            others,
            calls,
            secret: CallSecret::new(row.id, row.generation, secret),
            connection,
            limits,
            sink,
        });
        let handle = || member.roster().user(row.user).map_or_else(|| "?".into(), |user| user.handle.to_string());
        let now = Instant::now();
        Ok(Self {
            call: row.id,
            conversation: row.conversation,
            caller: row.device,
            media: row.media,
            from: guest.map_or_else(handle, |(_, name)| name.to_owned()),
            session,
            events,
            running: None,
            processor: Arc::new(SoundProcessor::new(options.processing.into())),
            options,
            screen: None,
            secret: row.secret,
            generation: row.generation,
            gave_secret: false,
            door: guest.map(|(guest, _)| guest),
            is_in: calls.is_some(),
            others,
            readers: BTreeSet::new(),
            epoch: 0,
            rekey: None,
            rekeys_in_next_epoch: false,
            meter: Meter::default(),
            had_others: false,
            codes: BTreeMap::new(),
            problems: BTreeMap::new(),
            opening: BTreeMap::new(),
            openings: 0,
            reopened_at: BTreeMap::new(),
            present_until: now,
            seconds_noted: 0,
        })
    }

    /// Where the machine stands; calling or ringing until it has said so.
    pub(super) fn phase(&self) -> Option<Phase> {
        self.running.as_ref().map(|running| running.phase)
    }

    /// Whether it rings here and was not answered.
    pub(super) fn rings(&self) -> bool {
        !self.is_in
    }

    /// Whether it is over, and only its end is still to be told.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase(), Some(Phase::Ended { .. }))
    }

    /// Whether it has begun to be a talk: media flow, or did.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.phase(), Some(Phase::Live { .. } | Phase::Reconnecting { .. }))
    }

    /// Whether it rings, or rang, because a guest knocked.
    pub(super) const fn is_door(&self) -> bool {
        self.door.is_some()
    }

    /// Who waits at the door of the call, first the one at whose knock it rings: whoever answers or declines means that one.
    pub(super) fn waiting<'a>(&self, doors: &'a Doors) -> Vec<(GuestId, &'a Guest)> {
        let mut waiting: Vec<_> = doors.of(self.call).filter(|(_, guest)| guest.standing == Standing::Waiting).collect();
        waiting.sort_by_key(|(guest, _)| self.door != Some(*guest));
        waiting
    }

    /// Whether nothing flows between this device and anybody else though it should.
    pub(super) fn seeks_others(&self) -> bool {
        self.is_in && !self.is_door() && matches!(self.phase(), Some(Phase::Connecting { .. } | Phase::Reconnecting { .. }))
    }

    /// The members' devices that are in it, as far as is known here.
    pub(super) fn devices(&self) -> impl Iterator<Item = DeviceId> + '_ {
        self.running.iter().flat_map(|running| &running.peers).filter_map(|(peer, _, _)| match peer {
            Peer::Device(device) => Some(*device),
            Peer::Guest(_) => None,
        })
    }

    /// A device of this kind begins to be opened.
    pub(super) fn begin_opening(&mut self, gear: Gear) -> u64 {
        self.openings += 1;
        self.opening.insert(gear, self.openings);
        self.openings
    }

    /// A device of this kind works, or is wanted no longer.
    pub(super) fn settled(&mut self, gear: Gear) {
        self.opening.remove(&gear);
        self.problems.remove(&gear);
    }

    /// What this device sends.
    pub(super) const fn media_state(&self) -> MediaState {
        MediaState { screen: self.screen.is_some(), ..self.options.media() }
    }

    /// The call as it is shown.
    pub(super) fn view(&self, member: &Member, doors: &Doors) -> Option<CallView> {
        let running = self.running.as_ref()?;
        let now_ms = member.now_ms();
        let at = |instant: std::time::Instant| Timestamp::from_ms(now_ms - i64::try_from(instant.elapsed().as_millis()).unwrap_or(0));
        let shown = Shown::from(running.phase);
        let roster = member.roster();
        Some(CallView {
            call: self.call.to_string(),
            conversation: self.conversation.to_string(),
            is_outgoing: self.caller == member.device(),
            from: self.from.clone(),
            media: self.media.into(),
            phase: shown.phase,
            since: shown.since.map_or_else(|| Timestamp::from_ms(now_ms), at),
            live_since: shown.live_since.map(at),
            attempt: shown.attempt,
            microphone: self.options.is_microphone_on,
            camera: self.options.is_camera_on,
            screen: self.screen.is_some(),
            people: running.peers.iter().map(|peer| self.person(&roster, doors, *peer)).collect(),
            guests_waiting: self
                .waiting(doors)
                .into_iter()
                .map(|(id, guest)| GuestView { id: id.to_string(), name: guest.name.clone() })
                .collect(),
            outcome: shown.ended.map(|(outcome, _)| outcome.into()),
            is_elsewhere: matches!(shown.ended, Some((_, End::Elsewhere))),
            problem: self.problems.first_key_value().map(|(gear, message)| CallProblem { gear: *gear, message: message.clone() }),
        })
    }

    fn person(&self, roster: &Roster, doors: &Doors, (peer, media, is_connected): (Peer, MediaState, bool)) -> CallPerson {
        let (id, name) = match peer {
            Peer::Device(device) => {
                let user = roster.device(device).and_then(|device| roster.user(device.user));
                (device.to_string(), user.map_or_else(|| "?".into(), |user| user.handle.to_string()))
            }
            Peer::Guest(guest) => (guest.to_string(), doors.name(guest).to_owned()),
        };
        CallPerson {
            safety_code: self.codes.get(&id).cloned(),
            id,
            name,
            is_guest: matches!(peer, Peer::Guest(_)),
            microphone: media.microphone,
            camera: media.camera,
            screen: media.screen,
            is_connected,
        }
    }
}

/// Every interface; the loopback too, where the relay is on this machine.
fn addresses(member: &Member) -> Vec<SocketAddr> {
    let mut addresses = vec![SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))];
    let is_here = match member.relay().host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if is_here {
        addresses.push(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    }
    addresses
}
