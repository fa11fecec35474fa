//! People by their handles.

use super::list::{Person, list};
use crate::member::Member;
use crate::search::{Needle, Rank};

/// People with `typed` in their handles (a leading @ does not count): those who begin so first.
#[must_use]
pub fn find(member: &Member, typed: &str) -> Vec<Person> {
    let all = list(member);
    let typed = typed.trim();
    let Some(needle) = Needle::new(typed.strip_prefix('@').unwrap_or(typed)) else { return all };
    let mut found: Vec<(Rank, Person)> = all.into_iter().filter_map(|each| Some((needle.rank(&each.handle)?, each))).collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, each)| each).collect()
}
