//! Who takes part, and sets of them.

use std::ops::{Index, IndexMut};

/// One person with one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Person {
    /// Made the conversation and owns it. Honest.
    Ana,
    /// Honest.
    Ben,
    /// Signs anything that their own key can sign.
    Mal,
}

impl Person {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Ana, Self::Ben, Self::Mal];
    /// Those who follow the rules.
    pub const HONEST: [Self; 2] = [Self::Ana, Self::Ben];

    const fn bit(self) -> u8 {
        match self {
            Self::Ana => 1,
            Self::Ben => 2,
            Self::Mal => 4,
        }
    }
}

/// A value for each person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByPerson<T> {
    /// Ana's.
    pub ana: T,
    /// Ben's.
    pub ben: T,
    /// Mal's.
    pub mal: T,
}

impl<T> Index<Person> for ByPerson<T> {
    type Output = T;

    fn index(&self, person: Person) -> &T {
        match person {
            Person::Ana => &self.ana,
            Person::Ben => &self.ben,
            Person::Mal => &self.mal,
        }
    }
}

impl<T> IndexMut<Person> for ByPerson<T> {
    fn index_mut(&mut self, person: Person) -> &mut T {
        match person {
            Person::Ana => &mut self.ana,
            Person::Ben => &mut self.ben,
            Person::Mal => &mut self.mal,
        }
    }
}

/// A set of people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct People(u8);

impl People {
    /// Nobody.
    pub const NONE: Self = Self(0);
    /// All three.
    pub const ALL: Self = Self(7);

    /// Whether the person is one of them.
    #[must_use]
    pub const fn has(self, person: Person) -> bool {
        self.0 & person.bit() != 0
    }

    /// With one more.
    #[must_use]
    pub const fn with(self, person: Person) -> Self {
        Self(self.0 | person.bit())
    }

    /// With one less.
    #[must_use]
    pub const fn without(self, person: Person) -> Self {
        Self(self.0 & !person.bit())
    }

    /// Those of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What a member may do in the conversation, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Not a member.
    Out,
    /// Reads.
    ReadOnly,
    /// Reads and posts.
    Member,
    /// Adds people, and removes those below.
    Admin,
    /// May do all.
    Owner,
}

/// A statement of the workspace's roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Statement {
    /// `suspend` or `device_revoke`: the person is shut out from here on.
    ShutOut(Person),
    /// `reinstate`.
    Reinstate(Person),
}

/// The roster; a head is the number of statements up to it. Forks of the roster are not part of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Roster(Vec<Statement>);

impl Roster {
    /// The newest head.
    #[must_use]
    pub fn head(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }

    /// Appends a statement.
    pub fn append(&mut self, statement: Statement) {
        self.0.push(statement);
    }

    /// Who is shut out at a head.
    #[must_use]
    pub fn shut_out(&self, head: u8) -> People {
        self.0.iter().take(usize::from(head)).fold(People::NONE, |out, statement| match *statement {
            Statement::ShutOut(person) => out.with(person),
            Statement::Reinstate(person) => out.without(person),
        })
    }
}
