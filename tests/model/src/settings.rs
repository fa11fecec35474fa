//! The settings that are searched: each has one kind of trouble, so that the search goes deep.

use crate::people::{ByPerson, Role};
use crate::rules::Rules;
use crate::world::{Budget, Setting};

const USUAL: ByPerson<Role> = ByPerson { ana: Role::Owner, ben: Role::Member, mal: Role::Admin };

const fn setting(roles: ByPerson<Role>, budget: Budget) -> Setting {
    Setting { rules: Rules::all(), roles, budget }
}

const NOTHING: Budget = Budget { writes: 0, commits: 0, leaves: 0, statements: 0, forgeries: 0, lies: 0, forks: 0, copies: 0 };

/// A relay that puts, repeats, keeps back and withholds, while people write and are removed.
#[must_use]
pub const fn lies() -> Setting {
    setting(USUAL, Budget { writes: 2, commits: 1, forgeries: 1, lies: 2, ..NOTHING })
}

/// Leaving and coming back beside a relay that keeps bytes back.
#[must_use]
pub const fn leaving() -> Setting {
    setting(USUAL, Budget { writes: 1, commits: 2, leaves: 1, lies: 2, ..NOTHING })
}

/// The roster shuts people out and takes them back, while Mal and the relay name what they like.
#[must_use]
pub const fn shut_out() -> Setting {
    setting(USUAL, Budget { writes: 2, statements: 2, forgeries: 1, lies: 2, ..NOTHING })
}

/// Commits that some can't open, and coming back.
#[must_use]
pub const fn stuck() -> Setting {
    setting(USUAL, Budget { writes: 1, commits: 1, forgeries: 2, ..NOTHING })
}

/// The same where Mal is an owner until the roster says otherwise.
#[must_use]
pub const fn malicious_owner() -> Setting {
    let roles = ByPerson { ana: Role::Owner, ben: Role::Member, mal: Role::Owner };
    setting(roles, Budget { writes: 1, statements: 1, forgeries: 2, ..NOTHING })
}

/// A relay that shows two logs.
#[must_use]
pub const fn forked() -> Setting {
    setting(USUAL, Budget { writes: 2, commits: 1, forgeries: 1, forks: 1, lies: 1, ..NOTHING })
}

/// A relay put back from a copy, with a removal among what is lost.
#[must_use]
pub const fn restored() -> Setting {
    setting(USUAL, Budget { writes: 2, commits: 1, forgeries: 1, copies: 1, ..NOTHING })
}

/// The same without honesty: twice, without saying so.
#[must_use]
pub const fn restored_twice() -> Setting {
    setting(USUAL, Budget { writes: 1, commits: 1, copies: 2, lies: 1, ..NOTHING })
}

/// All settings by name, with the steps that each goes further than the others since it has fewer states.
#[must_use]
pub const fn all() -> [(&'static str, usize, Setting); 8] {
    [
        ("lies", 0, lies()),
        ("leaving", 1, leaving()),
        ("shut out", 1, shut_out()),
        ("stuck", 1, stuck()),
        ("malicious owner", 1, malicious_owner()),
        ("forked", 0, forked()),
        ("restored", 2, restored()),
        ("restored twice", 2, restored_twice()),
    ]
}

/// Everything at once, for the random walk.
#[must_use]
pub const fn everything() -> Setting {
    let budget = Budget { writes: 12, commits: 8, leaves: 1, statements: 3, forgeries: 6, lies: 8, forks: 1, copies: 2 };
    setting(USUAL, budget)
}
