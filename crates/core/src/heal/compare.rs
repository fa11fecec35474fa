//! Finds where the log here and the relay's part.

use bezel_protocol::ConversationId;
use bezel_protocol::log::{Generation, Place, SignedHead};
use bezel_protocol::wire::{Compare, Compared, MAX_PLACES, path};

use crate::cache;
use crate::error::Result;
use crate::member::Member;
use crate::relay::RelayError;

/// How the relay's log compares with the one here.
pub(super) struct Comparison {
    /// Where the one here ends.
    pub(super) end: Place,
    /// Where the relay's ends.
    pub(super) head: SignedHead,
    /// The newest place of both.
    pub(super) shared: Place,
    /// Whether the relay still takes back what it lost.
    pub(super) heals: bool,
    /// Whether it has no group info of the newest epoch.
    pub(super) lacks_group_info: bool,
}

/// Compares. `None` where the relay has no such log, or this device is no member and nothing is shared.
pub(super) async fn compare(member: &Member, conversation: ConversationId, generation: Generation) -> Result<Option<Comparison>> {
    let end = cache::conversations::known(&mut *member.cache.read().await?, conversation).await?.last;
    // First back from the end, then even steps between the two that are nearest to where the logs part.
    let mut steps = doubling(end.sequence);
    let mut shared = Place::START;
    loop {
        steps.reverse();
        let answer = match ask(member, conversation, generation, (end, &steps)).await {
            Err(RelayError::Refused(refusal)) if refusal.code == bezel_protocol::wire::code::NOT_FOUND => return Ok(None),
            other => other?,
        };
        if !is_said(member, conversation, generation, &answer) {
            return Err(crate::spine::head_forged());
        }
        if answer.shared.sequence > shared.sequence {
            shared = believed(member, conversation, answer.shared).await?;
        }
        let parted = steps.iter().copied().find(|step| *step > shared.sequence);
        match parted {
            Some(parted) if parted > shared.sequence + 1 => steps = between(shared.sequence, parted),
            _ => {
                return Ok(Some(Comparison {
                    end,
                    head: answer.head,
                    shared,
                    heals: answer.heals,
                    lacks_group_info: answer.lacks_group_info,
                }));
            }
        }
    }
}

async fn ask(
    member: &Member,
    conversation: ConversationId,
    generation: Generation,
    (end, steps): (Place, &[u64]),
) -> core::result::Result<Compared, RelayError> {
    let mut places = Vec::with_capacity(steps.len());
    let mut db = member.cache.read().await?;
    for sequence in steps {
        if let Some(hash) = cache::spine::hash_at(&mut db, conversation, *sequence).await? {
            places.push(Place { sequence: *sequence, hash });
        }
    }
    drop(db);
    member.client.post(&path::of(path::COMPARE, conversation), &Compare { generation, end, places }).await
}

fn is_said(member: &Member, conversation: ConversationId, generation: Generation, answer: &Compared) -> bool {
    let head = &answer.head;
    (head.conversation, head.generation) == (conversation, generation) && head.is_by(&member.profile().relay_key)
}

/// A place that the relay says is shared must be one of those that it was asked about.
async fn believed(member: &Member, conversation: ConversationId, shared: Place) -> Result<Place> {
    let here = cache::spine::hash_at(&mut *member.cache.read().await?, conversation, shared.sequence).await?;
    if here == Some(shared.hash) { Ok(shared) } else { Err(crate::spine::head_forged()) }
}

/// Places in doubling steps back from an end, the newest first.
fn doubling(end: u64) -> Vec<u64> {
    (0..u64::BITS).map_while(|bit| end.checked_sub((1 << bit) - 1)).filter(|step| *step > 0).collect()
}

/// Places between two, and these, the newest first.
fn between(shared: u64, parted: u64) -> Vec<u64> {
    let step = ((parted - shared) / MAX_PLACES as u64).max(1);
    let mut places: Vec<u64> = (0..MAX_PLACES as u64 - 1).map(|at| shared + at * step).filter(|place| *place < parted).collect();
    places.push(parted);
    places.reverse();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However long a log, the exact place is found by few questions.
    #[test]
    fn the_place_where_two_logs_part_is_found_by_few_questions() {
        for (end, parts_at) in [(1, 0), (2, 1), (1000, 1), (1000, 999), (1_000_000, 314_159), (5_000_000, 0)] {
            let mut steps = doubling(end);
            let (mut shared, mut questions) = (0, 0);
            loop {
                steps.reverse();
                questions += 1;
                assert!(steps.len() <= MAX_PLACES && steps.is_sorted());
                shared = steps.iter().copied().filter(|step| *step <= parts_at).max().unwrap_or(shared).max(shared);
                match steps.iter().copied().find(|step| *step > shared) {
                    Some(parted) if parted > shared + 1 => steps = between(shared, parted),
                    _ => break,
                }
            }
            assert_eq!(shared, parts_at);
            assert!(questions <= 6, "{questions}");
        }
    }
}
