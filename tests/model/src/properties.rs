//! The sentences of the protocol, as properties that hold in every state.

use std::cell::OnceCell;

use crate::branch::Lost;
use crate::judge::{Ground, Judged, Reason, Verdict};
use crate::log::{Body, Change, Link, Log, Signed};
use crate::member::{Member, is_message};
use crate::people::{Person, Role};
use crate::relay::Healing;
use crate::world::{Setting, World};

/// A sentence with its check.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// The sentence, as `docs/protocol.md` has it.
    pub name: &'static str,
    /// Whether a state keeps it.
    holds: fn(&Case<'_>) -> bool,
}

/// A state with what becomes of it.
struct Case<'a> {
    setting: &'a Setting,
    world: &'a World,
    end: OnceCell<World>,
}

impl Case<'_> {
    fn ground(&self) -> Ground<'_> {
        self.world.ground(self.setting)
    }

    /// The state once everyone came by and the relay is honest.
    fn end(&self) -> &World {
        self.end.get_or_init(|| self.world.settled(self.setting, &Person::HONEST))
    }
}

/// Nothing counts where its author did not write it.
pub const AS_WRITTEN: &str = "no member shows as verified what its author did not write at that place";
/// Nothing of somebody who is out counts.
pub const NOTHING_AFTER_THE_END: &str = "nothing counts of somebody whom the log or a head named before it puts out";
/// Only what has the right.
pub const BY_RIGHT: &str = "a commit counts only from somebody with the right to it";
/// Agreement.
pub const AGREEMENT: &str = "two members who computed the hash of the same place agree on all before it that both hold";
/// One attempt.
pub const FIRST_ATTEMPT: &str = "of several attempts the first in the log counts";
/// `seen`.
pub const SEEN_NEVER_FALLS: &str = "seen of a device never falls but across restored";
/// Healing goes on from an owner.
pub const NEVER_BACK: &str =
    "a client never goes back behind a commit that it verified, unless somebody who acts as owner on both sides goes on from there";
/// Two logs.
pub const TWO_LOGS: &str = "a log that contradicts the verified one is not followed unless it says that it was put back";
/// Healing undoes no removal.
pub const STAYS_OUT: &str =
    "a lost branch is left only for a log in which nobody is a member whom it put out by right, unless such an owner put them in again";
/// Memberships.
pub const MEMBERSHIP: &str = "only a commit, a leave or the roster ends a membership";
/// Liveness.
pub const NOBODY_STUCK: &str =
    "no honest member is stuck for good; only who holds a lost branch needs an honest member who acts as owner on both sides";
/// Survival by the author.
pub const AUTHOR_SAVES: &str = "an acknowledged message survives when its author's home comes by";
/// Survival by a reader.
pub const READER_SAVES: &str = "an acknowledged message survives when somebody who had read it comes by";
/// Healing puts entries back where they were.
pub const SAME_PLACE: &str = "what a restored relay lost stands at its place again when a home that holds it comes by first";

/// Those that a state shows by itself.
pub const AT_ONCE: [Property; 9] = [
    Property { name: AS_WRITTEN, holds: as_written },
    Property { name: NOTHING_AFTER_THE_END, holds: nothing_after_the_end },
    Property { name: BY_RIGHT, holds: by_right },
    Property { name: AGREEMENT, holds: agreement },
    Property { name: FIRST_ATTEMPT, holds: first_attempt },
    Property { name: SEEN_NEVER_FALLS, holds: |case| case.world.members().all(|one| !one.broke.seen_fell) },
    Property { name: NEVER_BACK, holds: |case| case.world.members().all(|one| !one.broke.went_back) },
    Property { name: TWO_LOGS, holds: |case| case.world.members().all(|one| !one.broke.followed) },
    Property { name: MEMBERSHIP, holds: membership },
];

/// All of them: those, and what must become of a state.
pub const ALL: [Property; 14] = {
    let [a, b, c, d, e, f, g, h, i] = AT_ONCE;
    let out = Property { name: STAYS_OUT, holds: stays_out };
    let stuck = Property { name: NOBODY_STUCK, holds: nobody_stuck };
    let author = Property { name: AUTHOR_SAVES, holds: author_saves };
    let reader = Property { name: READER_SAVES, holds: reader_saves };
    let place = Property { name: SAME_PLACE, holds: same_place };
    [a, b, c, d, e, f, g, h, i, out, stuck, author, reader, place]
};

/// The first of these sentences that a state breaks.
#[must_use]
pub fn broken(of: &[Property], setting: &Setting, world: &World) -> Option<&'static str> {
    let case = Case { setting, world, end: OnceCell::new() };
    of.iter().find(|property| !(property.holds)(&case)).map(|property| property.name)
}

/// What counts for a member, with its place.
fn counting<'a>(member: &'a Member, judged: &'a Judged) -> impl Iterator<Item = (u8, &'a Signed)> {
    let counts = |(place, link): (u8, &'a Link)| Some((place, link.signed()?)).filter(|_| judged.verdict(place) == Verdict::Counts);
    member.log.places().filter_map(counts)
}

fn every(case: &Case<'_>, holds: impl Fn(&Member, &Judged, u8, &Signed) -> bool) -> bool {
    case.world.members().all(|member| {
        let judged = member.judged(&case.ground());
        counting(member, &judged).all(|(place, signed)| holds(member, &judged, place, signed))
    })
}

/// It stands behind what the author had seen, in the epoch for which it was written, and only once.
fn as_written(case: &Case<'_>) -> bool {
    let ground = case.ground();
    every(case, |member, judged, place, signed| {
        let again = member.log.places().filter(|(_, link)| link.signed() == Some(signed)).map(|(at, _)| at);
        signed.seen.place < place
            && member.log.has(signed.seen)
            && judged.view(&ground, place - 1).era == signed.era
            && again.filter(|at| judged.verdict(*at) == Verdict::Counts).count() == 1
    })
}

/// Judged with everything at hand: membership and leaving from the log, shutting out from the highest head that an entry
/// which counts has named before, unless the roster took the person back since.
fn nothing_after_the_end(case: &Case<'_>) -> bool {
    let ground = case.ground();
    every(case, |member, judged, place, signed| {
        let whole = Judged::new(&ground, &member.log, |_| false);
        let named =
            |(at, link): (u8, &Link)| link.signed().filter(|_| at < place && whole.verdict(at) == Verdict::Counts).map(|one| one.head);
        let highest = member.log.places().filter_map(named).max().unwrap_or_default();
        let view = judged.view(&ground, place - 1);
        let stamped = judged.view(&ground, place).head.max(highest);
        let shut_out = (highest.max(signed.head)..=stamped).all(|head| case.world.roster.shut_out(head).has(signed.author));
        view.roles[signed.author] != Role::Out && !view.left.has(signed.author) && !shut_out
    })
}

fn by_right(case: &Case<'_>) -> bool {
    let ground = case.ground();
    every(case, |_, judged, place, signed| match signed.body {
        Body::Commit { change, .. } => {
            let mut view = judged.view(&ground, place - 1);
            view.head = judged.view(&ground, place).head;
            view.may_commit(&ground, signed.author, change)
        }
        _ => true,
    })
}

fn agreement(case: &Case<'_>) -> bool {
    let ground = case.ground();
    let world = case.world;
    let (ana, ben) = (world.ana.judged(&ground), world.ben.judged(&ground));
    let common = world.ana.log.common(&world.ben.log);
    // An author who gives two texts one number is found out only by who holds both; all others are judged by the spine.
    let whole = Judged::new(&ground, &world.ana.log, |_| false);
    let of_mal = |place| world.ana.log.at(place).and_then(Link::signed).is_some_and(|one| one.author == Person::Mal);
    let two_texts = |place| of_mal(place) && whole.verdict(place) == Verdict::Dropped(Reason::LaterAttempt);
    let held = |place: &u8| !world.ana.misses(*place) && !world.ben.misses(*place) && !two_texts(*place);
    (1..=common).filter(held).all(|place| ana.verdict(place) == ben.verdict(place))
}

fn first_attempt(case: &Case<'_>) -> bool {
    every(case, |member, judged, place, signed| {
        let Body::Envelope { id, .. } = signed.body else { return true };
        let twin = |(at, link): (u8, &Link)| at != place && is_message(link, signed.author, id) && judged.verdict(at) == Verdict::Counts;
        !member.log.places().any(twin)
    })
}

fn membership(case: &Case<'_>) -> bool {
    let ground = case.ground();
    every(case, |_, judged, place, signed| {
        let (before, after) = (judged.view(&ground, place - 1), judged.view(&ground, place));
        let ended = |one: &Person| before.stands(&ground, *one) && after.roles[*one] == Role::Out;
        Person::ALL.into_iter().filter(ended).all(|one| match &signed.body {
            Body::Commit { change, .. } => *change == Change::Remove(one),
            Body::Envelope { .. } | Body::Leave => false,
        })
    })
}

/// Nobody left it otherwise, and what healing comes to agrees with every branch that is held now and left then.
fn stays_out(case: &Case<'_>) -> bool {
    let end = case.end();
    let (ground, log) = (end.ground(case.setting), &end.relay.first);
    let agrees = |(now, then): (&Member, &Member)| {
        let lost = Lost::new(&ground, log, &now.log).filter(|_| follows(then, log));
        lost.is_none_or(|lost| lost.is_gone_on_from() && lost.undone().is_none())
    };
    case.world.members().all(|one| !one.broke.took_back) && case.world.members().zip(end.members()).all(agrees)
}

fn follows(one: &Member, log: &Log) -> bool {
    one.log == *log && !one.alarmed && !one.stranded
}

fn nobody_stuck(case: &Case<'_>) -> bool {
    let (end, log) = (case.end(), &case.end().relay.first);
    let ground = end.ground(case.setting);
    let view = Judged::new(&ground, log, |_| false).newest(&ground).at_head(end.roster.head());
    let shut_out = end.roster.shut_out(end.roster.head());
    end.members().filter(|one| !shut_out.has(one.who) && !waits(&ground, end, one)).all(|one| {
        let role = view.roles[one.who];
        if role == Role::Out || view.left.has(one.who) {
            return follows(one, log) || view.left.has(one.who);
        }
        follows(one, log) && one.can_write(&ground) && (role < Role::Member || one.outbox.is_empty())
    })
}

/// Holds a lost branch, and nobody honest who acts as owner on both sides follows the log or holds the branch alike. Persons
/// decide then.
fn waits(ground: &Ground<'_>, end: &World, one: &Member) -> bool {
    let may_lead = |who: &&Member| who.who == one.who || !who.stranded;
    let is_led = |lost: Lost<'_>| end.members().filter(may_lead).any(|who| lost.acts_on_both(who.who));
    one.stranded && Lost::new(ground, &end.relay.first, &one.log).is_some_and(|lost| !is_led(lost))
}

fn author_saves(case: &Case<'_>) -> bool {
    let end = case.end();
    let ground = end.ground(case.setting);
    let judged = Judged::new(&ground, &end.relay.first, |_| false);
    let view = judged.newest(&ground).at_head(end.roster.head());
    let may_write = |who| view.stands(&ground, who) && view.roles[who] >= Role::Member && view.readable.has(who);
    let is_waiting = |who| end.members().any(|one| one.who == who && waits(&ground, end, one));
    let mut bound = end.acknowledged.iter().filter(|(who, _)| may_write(*who) && !is_waiting(*who));
    bound.all(|(who, id)| {
        let there = |(place, link): (u8, &Link)| is_message(link, *who, *id) && judged.verdict(place) == Verdict::Counts;
        end.relay.first.places().any(there)
    })
}

fn reader_saves(case: &Case<'_>) -> bool {
    let (setting, world) = (case.setting, case.world);
    world.members().all(|reader| {
        let had_read = |(who, id): &&(Person, u8)| {
            let judged = reader.judged(&world.ground(setting));
            *who != reader.who && counting(reader, &judged).any(|(_, one)| is(one, *who, *id))
        };
        let read: Vec<_> = world.acknowledged.iter().filter(had_read).collect();
        if read.is_empty() {
            return true;
        }
        let end = world.settled(setting, &[reader.who]);
        let holds = |one: &Member, who, id| {
            let judged = one.judged(&end.ground(setting));
            counting(one, &judged).any(|(_, signed)| is(signed, who, id)) || one.kept.iter().any(|signed| is(signed, who, id))
        };
        read.iter().all(|(who, id)| end.members().filter(|one| one.who == reader.who).all(|one| holds(one, *who, *id)))
    })
}

fn same_place(case: &Case<'_>) -> bool {
    let (setting, world) = (case.setting, case.world);
    world.relay.healing != Healing::Offers
        || world.members().all(|one| {
            let whole = Judged::new(&world.ground(setting), &one.log, |_| false);
            let holds = |place| !one.misses(place) && whole.verdict(place) == Verdict::Counts;
            let first = &world.relay.first;
            let follows = one.log.common(first) == first.len() && (1..=one.log.len()).all(holds);
            !follows || world.settled(setting, &[one.who]).relay.first.has(one.log.newest())
        })
}

fn is(signed: &Signed, who: Person, id: u8) -> bool {
    matches!(signed.body, Body::Envelope { id: one, .. } if one == id) && signed.author == who
}
