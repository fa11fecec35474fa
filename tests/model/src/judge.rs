//! How an entry is judged: the same function for the relay, for members and for who checks the properties' ground.
//!
//! All of it but the text of envelopes is public. So a member who can't open an epoch, or was removed, judges alike.

use crate::log::{Body, Bytes, Change, Digest, Era, Link, Log, Signed};
use crate::people::{ByPerson, People, Person, Role, Roster};
use crate::rules::{Rule, Rules};

/// The ground on which entries are judged, besides the log.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// The rules in force.
    pub rules: Rules,
    /// The roster.
    pub roster: &'a Roster,
    /// The roles that `begin` gives.
    pub roles: ByPerson<Role>,
}

/// Why an entry doesn't count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Its `seen` is no earlier place of this log.
    FalseSeen,
    /// It names a roster head above the one that the relay stamped.
    HeadAboveStamp,
    /// It is of another epoch.
    OtherEpoch,
    /// Its author had left.
    Left,
    /// Its author is shut out.
    ShutOut,
    /// Its author has no right to it.
    NoRight,
    /// Another of its author and id stands above.
    LaterAttempt,
}

/// What became of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It counts.
    Counts,
    /// It does not.
    Dropped(Reason),
    /// Its bytes are not there.
    Missing,
}

/// What holds behind an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The epoch.
    pub era: Era,
    /// Everyone's role.
    pub roles: ByPerson<Role>,
    /// Who left, leaf or not.
    pub left: People,
    /// Who could open all commits since they came in. Known to each for themselves alone.
    pub readable: People,
    /// The highest roster head so far.
    pub head: u8,
    /// All roster heads so far, a bit each.
    heads: u32,
}

impl View {
    fn at_begin(ground: &Ground<'_>) -> Self {
        Self {
            era: Era { number: 0, secret: Digest::of(&"begin") },
            roles: ground.roles,
            left: People::NONE,
            readable: People::ALL,
            head: 0,
            heads: 1,
        }
    }

    /// The same once a higher roster head is known.
    #[must_use]
    pub fn at_head(mut self, head: u8) -> Self {
        self.meets(head);
        self
    }

    fn meets(&mut self, head: u8) {
        self.head = self.head.max(head);
        self.heads |= 1_u32.checked_shl(u32::from(head)).unwrap_or_default();
    }

    /// Who is shut out here.
    #[must_use]
    pub fn shut_out(&self, ground: &Ground<'_>) -> People {
        if ground.rules.has(Rule::HighestHead) {
            return ground.roster.shut_out(self.head);
        }
        (0..=self.head)
            .filter(|head| self.heads.checked_shr(u32::from(*head)).unwrap_or_default() & 1 == 1)
            .fold(People::NONE, |out, head| out.and(ground.roster.shut_out(head)))
    }

    /// Whether a person is a member for whom anything counts.
    #[must_use]
    pub fn stands(&self, ground: &Ground<'_>, person: Person) -> bool {
        self.roles[person] != Role::Out && !self.left.has(person) && !self.shut_out(ground).has(person)
    }

    /// Whether a person acts as owner: an owner, or where none stands an admin, or else, of those with the highest role, the first in the workspace.
    #[must_use]
    pub fn acts_as_owner(&self, ground: &Ground<'_>, person: Person) -> bool {
        let all = || Person::ALL.into_iter().filter(|one| self.stands(ground, *one));
        if !self.stands(ground, person) {
            return false;
        }
        for role in [Role::Owner, Role::Admin] {
            if all().any(|one| self.roles[one] == role) {
                return self.roles[person] == role;
            }
        }
        let highest = all().map(|one| self.roles[one]).max();
        all().find(|one| Some(self.roles[*one]) == highest) == Some(person)
    }

    /// Whether a person has the right to this change.
    #[must_use]
    pub fn may_commit(&self, ground: &Ground<'_>, by: Person, change: Change) -> bool {
        let roles = &self.roles;
        match change {
            Change::Rotate => roles[by] >= Role::Member,
            Change::Return(leaf) => roles[by] != Role::Out && (leaf == by || !ground.rules.has(Rule::ReturnOwnLeaf)),
            Change::Add(who) => roles[by] >= Role::Admin && roles[who] == Role::Out && !self.shut_out(ground).has(who),
            Change::Demote(who) => self.acts_as_owner(ground, by) && by != who && roles[who] > Role::ReadOnly,
            Change::Promote(who) => self.acts_as_owner(ground, by) && self.stands(ground, who) && roles[who] < Role::Owner,
            Change::Remove(who) if by == who || roles[who] == Role::Out => false,
            Change::Remove(who) if self.left.has(who) || self.shut_out(ground).has(who) => roles[by] >= Role::Member,
            Change::Remove(who) => self.acts_as_owner(ground, by) || (roles[by] == Role::Admin && roles[by] > roles[who]),
        }
    }

    fn commit(&mut self, signed: &Signed, change: Change, opens: People) {
        let by = signed.author;
        self.era = Era { number: self.era.number.saturating_add(1), secret: Digest::of(&(self.era.secret, signed)) };
        for person in Person::ALL {
            if person != by && !opens.has(person) {
                self.readable = self.readable.without(person);
            }
        }
        match change {
            Change::Rotate => {}
            Change::Add(who) => {
                self.roles[who] = Role::Member;
                self.left = self.left.without(who);
                if opens.has(who) {
                    self.readable = self.readable.with(who);
                }
            }
            Change::Demote(who) => self.roles[who] = Role::ReadOnly,
            Change::Promote(who) => self.roles[who] = Role::Owner,
            Change::Remove(who) => self.out(who),
            Change::Return(leaf) => {
                if leaf != by {
                    self.out(leaf);
                }
                self.readable = self.readable.with(by);
            }
        }
    }

    fn out(&mut self, who: Person) {
        self.roles[who] = Role::Out;
        self.readable = self.readable.without(who);
    }
}

/// A judged log: for each place the verdict, and what holds behind it.
#[derive(Clone, Debug)]
pub struct Judged(Vec<(Verdict, View)>);

impl Judged {
    /// Judges all entries. `missing` says of which contents only the hash is there.
    #[must_use]
    pub fn new(ground: &Ground<'_>, log: &Log, missing: impl Fn(u8) -> bool) -> Self {
        let mut judged = Self(Vec::new());
        // Bytes that are held for one place are held for every place where they stand.
        let missing = |place: u8, link: &Link| {
            link.is_content() && missing(place) && log.places().all(|(at, other)| other.bytes != link.bytes || missing(at))
        };
        for (place, link) in log.places() {
            let verdict = judged.judge(ground, log, place, link, &missing);
            let mut view = judged.newest(ground);
            if ground.rules.has(Rule::StampedHead) {
                view.meets(link.stamp);
            }
            if let (Verdict::Counts, Some(signed)) = (verdict, link.signed()) {
                apply(ground, signed, &mut view);
            }
            judged.0.push((verdict, view));
        }
        judged
    }

    /// Whether an entry would count as the next one.
    #[must_use]
    pub fn next_counts(ground: &Ground<'_>, log: &Log, bytes: &Bytes, stamp: u8) -> bool {
        let mut next = log.clone();
        next.append(bytes.clone(), stamp);
        Self::new(ground, &next, |_| false).verdict(next.len()) == Verdict::Counts
    }

    /// What became of the entry at a place.
    #[must_use]
    pub fn verdict(&self, place: u8) -> Verdict {
        usize::from(place).checked_sub(1).and_then(|at| self.0.get(at)).map_or(Verdict::Missing, |(verdict, _)| *verdict)
    }

    /// What holds behind a place.
    #[must_use]
    pub fn view(&self, ground: &Ground<'_>, place: u8) -> View {
        let at = usize::from(place).checked_sub(1).and_then(|at| self.0.get(at));
        at.map_or_else(|| View::at_begin(ground), |(_, view)| *view)
    }

    /// What holds at the end.
    #[must_use]
    pub fn newest(&self, ground: &Ground<'_>) -> View {
        self.0.last().map_or_else(|| View::at_begin(ground), |(_, view)| *view)
    }

    fn judge(&self, ground: &Ground<'_>, log: &Log, place: u8, link: &Link, missing: &impl Fn(u8, &Link) -> bool) -> Verdict {
        let Some(signed) = link.signed() else { return Verdict::Counts };
        if missing(place, link) {
            return Verdict::Missing;
        }
        match self.refusal(ground, log, place, link, signed) {
            Some(reason) => Verdict::Dropped(reason),
            None => Verdict::Counts,
        }
    }

    fn refusal(&self, ground: &Ground<'_>, log: &Log, place: u8, link: &Link, signed: &Signed) -> Option<Reason> {
        let has = |rule| ground.rules.has(rule);
        let mut view = self.newest(ground);
        let above = || log.places().take_while(move |(at, _)| *at < place);
        let envelope = link.is_content();

        if has(Rule::SeenInLog) && (signed.seen.place >= place || !log.has(signed.seen)) {
            return Some(Reason::FalseSeen);
        }
        if has(Rule::StampedHead) {
            view.meets(link.stamp);
            if signed.head > view.head {
                return Some(Reason::HeadAboveStamp);
            }
        } else if signed.head > ground.roster.head() {
            return Some(Reason::HeadAboveStamp);
        } else {
            view.meets(signed.head);
        }
        // MLS itself refuses a commit of another epoch.
        let in_epoch = match signed.body {
            Body::Envelope { .. } => has(Rule::EnvelopeInEpoch),
            Body::Commit { .. } => true,
            Body::Leave => has(Rule::LeaveInEpoch),
        };
        if in_epoch && signed.era != view.era {
            return Some(Reason::OtherEpoch);
        }
        if has(Rule::Left) && view.left.has(signed.author) {
            return Some(Reason::Left);
        }
        let shut_out = match (envelope, has(Rule::ShutOutEnvelope), has(Rule::ShutOutStatement)) {
            (true, true, _) | (false, _, true) => view.shut_out(ground),
            // By the letter: "judged by the head that it names".
            (true, false, _) | (false, _, false) => ground.roster.shut_out(signed.head),
        };
        if shut_out.has(signed.author) {
            return Some(Reason::ShutOut);
        }
        if !has_right(ground, signed, &view) {
            return Some(Reason::NoRight);
        }
        let Body::Envelope { id, .. } = signed.body else { return None };
        let taken = |(at, other): (u8, &Link)| {
            let same = matches!(other.signed(), Some(Signed { author, body: Body::Envelope { id: taken, .. }, .. })
                if *author == signed.author && *taken == id);
            same && self.verdict(at) == Verdict::Counts
        };
        (has(Rule::FirstAttempt) && above().any(taken)).then_some(Reason::LaterAttempt)
    }

    /// The commits that count, with their places and what they change.
    pub fn commits<'a>(&'a self, log: &'a Log) -> impl Iterator<Item = (u8, &'a Signed, Change)> {
        log.places().filter(|(place, _)| self.verdict(*place) == Verdict::Counts).filter_map(|(place, link)| match link.signed() {
            Some(signed @ Signed { body: Body::Commit { change, .. }, .. }) => Some((place, signed, *change)),
            _ => None,
        })
    }

    /// What an entry at a place is judged by: what holds before it, and its own stamp.
    #[must_use]
    pub fn before(&self, ground: &Ground<'_>, place: u8) -> View {
        self.view(ground, place.saturating_sub(1)).at_head(self.view(ground, place).head)
    }
}

fn has_right(ground: &Ground<'_>, signed: &Signed, view: &View) -> bool {
    let role = view.roles[signed.author];
    match &signed.body {
        Body::Envelope { .. } => role >= Role::Member,
        Body::Commit { change, .. } => {
            role != Role::Out && (!ground.rules.has(Rule::CommitRight) || view.may_commit(ground, signed.author, *change))
        }
        Body::Leave => role != Role::Out && (role != Role::Owner || owners(ground, view) > 1),
    }
}

fn apply(ground: &Ground<'_>, signed: &Signed, view: &mut View) {
    if !ground.rules.has(Rule::StampedHead) {
        view.meets(signed.head);
    }
    match &signed.body {
        Body::Envelope { .. } => {}
        Body::Commit { change, opens } => view.commit(signed, *change, *opens),
        Body::Leave => view.left = view.left.with(signed.author),
    }
}

fn owners(ground: &Ground<'_>, view: &View) -> usize {
    Person::ALL.into_iter().filter(|one| view.roles[*one] == Role::Owner && view.stands(ground, *one)).count()
}
