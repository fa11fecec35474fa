//! Entries and the chain that orders them.

use std::fmt::{Debug, Formatter, Result};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::people::{People, Person};

/// An ideal hash: equal exactly where the hashed values are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(u64);

impl Debug for Digest {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "#{:04x}", self.0 >> 48)
    }
}

impl Digest {
    /// The digest of a value.
    #[must_use]
    pub fn of(value: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// An epoch. `secret` stands for its authenticator: two epochs of one number made by different commits differ, and it does
/// not depend on the place at which a commit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Era {
    /// Rises at a commit.
    pub number: u8,
    /// What only those who opened all commits know.
    pub secret: Digest,
}

/// A place of the log with its chain value. Places begin at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seen {
    /// The place.
    pub place: u8,
    /// The chain value there.
    pub chain: Digest,
}

/// What a commit changes besides the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// Nothing: new keys.
    Rotate,
    /// Takes a person out.
    Remove(Person),
    /// Leaves a person the right to read alone.
    Demote(Person),
    /// Takes a person in, as a member.
    Add(Person),
    /// Makes a member an owner.
    Promote(Person),
    /// An external commit, which lets its author in again in the place of this leaf.
    Return(Person),
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Body {
    /// A message. Honest authors never use an id twice for different texts.
    Envelope {
        /// The author's number of the message.
        id: u8,
        /// What it says.
        text: u8,
    },
    /// A commit; an observer can't see who can open it.
    Commit {
        /// What it changes.
        change: Change,
        /// Who can process it.
        opens: People,
    },
    /// The author goes.
    Leave,
}

/// Bytes that a device signed. Nobody else can make them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signed {
    /// Whose device.
    pub author: Person,
    /// The epoch in which it was written.
    pub era: Era,
    /// The newest place that the device had verified.
    pub seen: Seen,
    /// The roster head that the device knew.
    pub head: u8,
    /// The rest.
    pub body: Body,
}

/// The bytes of one entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bytes {
    /// Entry 1.
    Begin,
    /// Signed by a member's device.
    Signed(Signed),
    /// Signed by the relay.
    Restored {
        /// The generation that begins.
        generation: u8,
    },
}

/// One entry in its chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Link {
    /// Digest over the value before, the place, the stamp and the digest of the bytes.
    pub chain: Digest,
    /// The roster head that the relay stamped; part of the spine, as `stored_at` is.
    pub stamp: u8,
    /// The entry.
    pub bytes: Bytes,
}

impl Link {
    /// What a device signed, if a device did.
    #[must_use]
    pub const fn signed(&self) -> Option<&Signed> {
        match &self.bytes {
            Bytes::Signed(signed) => Some(signed),
            Bytes::Begin | Bytes::Restored { .. } => None,
        }
    }

    /// Whether only the hash of it travels in the spine; all other kinds are read before contents.
    #[must_use]
    pub const fn is_content(&self) -> bool {
        matches!(&self.bytes, Bytes::Signed(Signed { body: Body::Envelope { .. }, .. }))
    }
}

/// A chained log, or the part of it that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Log(Vec<Link>);

impl Log {
    /// A log with its `begin`.
    #[must_use]
    pub fn begin() -> Self {
        let mut log = Self(Vec::new());
        log.append(Bytes::Begin, 0);
        log
    }

    /// The number of entries, which is the newest place.
    #[must_use]
    pub fn len(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }

    /// Never, for a log begins with `begin`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends an entry at the next place.
    pub fn append(&mut self, bytes: Bytes, stamp: u8) {
        let before = self.0.last().map(|link| link.chain);
        let chain = Digest::of(&(before, self.0.len(), stamp, Digest::of(&bytes)));
        self.0.push(Link { chain, stamp, bytes });
    }

    /// The entry at a place.
    #[must_use]
    pub fn at(&self, place: u8) -> Option<&Link> {
        self.0.get(usize::from(place).checked_sub(1)?)
    }

    /// All entries with their places.
    pub fn places(&self) -> impl DoubleEndedIterator<Item = (u8, &Link)> {
        self.0.iter().enumerate().map(|(before, link)| (u8::try_from(before + 1).unwrap_or(u8::MAX), link))
    }

    /// The newest place with its chain value.
    #[must_use]
    pub fn newest(&self) -> Seen {
        self.seen(self.len())
    }

    /// A place with its chain value; beyond the end the value of nothing.
    #[must_use]
    pub fn seen(&self, place: u8) -> Seen {
        Seen { place, chain: self.at(place).map_or(Digest(0), |link| link.chain) }
    }

    /// Whether the place with this chain value is in the log.
    #[must_use]
    pub fn has(&self, seen: Seen) -> bool {
        self.at(seen.place).is_some_and(|link| link.chain == seen.chain)
    }

    /// The newest place that two logs share.
    #[must_use]
    pub fn common(&self, other: &Self) -> u8 {
        let shared = self.0.iter().zip(&other.0).take_while(|(a, b)| a.chain == b.chain).count();
        u8::try_from(shared).unwrap_or(u8::MAX)
    }

    /// The first entries, up to a place.
    #[must_use]
    pub fn prefix(&self, place: u8) -> Self {
        Self(self.0.iter().take(usize::from(place)).cloned().collect())
    }

    /// The entries behind a place.
    #[must_use]
    pub fn behind(&self, place: u8) -> &[Link] {
        self.0.get(usize::from(place)..).unwrap_or_default()
    }
}
