//! Whether an envelope, at the place where it was found, is what its author wrote there.

use bezel_crypto::envelope::{
    EnvelopeContext, EpochContext, Neighbour, Neighbours, OpenError, Reader, Signed, Unchained, Uncounted, check_chain, check_envelope,
};
use bezel_protocol::content::{Content, MessageRef};
use bezel_protocol::envelope::{Envelope, EnvelopeHeader};
use bezel_protocol::roster::{Roster, RosterError};
use bezel_protocol::{DeviceId, Role};

use super::missing::missing;
use super::{Problem, content_of};
use crate::cache::conversations::Conversation;
use crate::cache::epochs::Epoch;
use crate::cache::log::{Placed, Row};
use crate::cache::{self, Connection};
use crate::error::{Error, Result};
use crate::member::Member;

/// What became of an envelope.
pub(super) enum Outcome {
    /// Everything was checked.
    Verified(Box<Row>, Box<Content>),
    /// It is a message that is here at an earlier place: of several attempts the first counts.
    Repeated,
    /// It may become readable: a key or a roster statement is missing.
    Later(Problem),
    /// It never will be; with the device that signed it, where one did.
    Never(Problem, Option<DeviceId>),
}

/// An outcome, and the alarm that it gives reason for.
pub(super) type Judged = (Outcome, Option<Alarm>);

/// What an envelope shows that no honest relay or member does.
pub(super) struct Alarm {
    pub(super) error: Error,
    /// The device that signed it, where it is the device that may lie.
    pub(super) accused: Option<DeviceId>,
}

/// An envelope as it was found.
pub(super) struct Found<'a> {
    pub(super) conversation: &'a Conversation,
    pub(super) sequence: u64,
    /// The number of the roster statement with which the relay stamped the entry.
    pub(super) roster: u64,
    pub(super) bytes: &'a [u8],
}

/// Judges what was found. What a signed statement claims is compared only after its signature, and before anything is decrypted.
pub(super) async fn judge(member: &Member, db: &mut Connection, roster: &Roster, found: &Found<'_>) -> Result<Judged> {
    let reader = Reader { conversation: found.conversation.id, algorithm: found.conversation.suite.algorithm(), roster };
    let signed = match Envelope::parse(found.bytes).map_err(OpenError::from).and_then(|envelope| reader.verify(envelope)) {
        Ok(signed) => signed,
        // A device that the roster does not name yet may be news.
        Err(error @ OpenError::UnknownDevice(_)) => return Ok((Outcome::Later(sentence(&error)), None)),
        Err(error) => return Ok((Outcome::Never(sentence(&error), None), None)),
    };
    let header = *signed.envelope().header();
    let never = |problem: &str, alarm: Option<Alarm>| Ok((Outcome::Never(problem.into(), Some(header.device)), alarm));

    match roster.compare(header.roster) {
        Ok(()) => {}
        Err(error @ RosterError::Forked { .. }) => {
            return never(
                "Its sender knows another history of the workspace.",
                Some(Alarm { error: error.into(), accused: Some(header.device) }),
            );
        }
        Err(_) => return Ok((Outcome::Later("It refers to news of the workspace that have not come yet.".into()), None)),
    }
    let epoch = cache::epochs::get(db, found.conversation.id, header.epoch).await?;
    let of_epoch = epoch.as_ref().map(|epoch| epoch_context(epoch, roster, header.device));
    let Some(context) = context(db, roster, found, (&signed, of_epoch)).await? else { return Ok((Outcome::Repeated, None)) };
    match (check_envelope(&header, &context, roster), epoch) {
        (Ok(role), Some(epoch)) => finish(member, db, found, signed, (epoch, role)).await,
        (Ok(_), None) => Ok(uncounted(Uncounted::UnknownEpoch, &header)),
        (Err(why), _) => Ok(uncounted(why, &header)),
    }
}

/// What does not count.
fn uncounted(why: Uncounted, header: &EnvelopeHeader) -> Judged {
    let never = |problem: &str, alarm| (Outcome::Never(problem.into(), Some(header.device)), alarm);
    match why {
        Uncounted::LaterRoster => never("It names news of the workspace that were not there when it came.", Some(replayed())),
        Uncounted::OtherHistory => never("It names another history of this conversation.", Some(log_forked(header.device))),
        Uncounted::Repeated => (Outcome::Repeated, Some(replayed())),
        Uncounted::UnknownEpoch => (Outcome::Later(sentence(&OpenError::NoKey { epoch: header.epoch })), None),
        Uncounted::EpochOver => never("It was written in keys that were over at its place.", Some(replayed())),
        Uncounted::OtherGroup => never("Its sender sees another group.", Some(group_forked(header.device))),
        Uncounted::ShutOut => never("Its sender had been shut out of the workspace.", Some(replayed())),
        Uncounted::WithoutRight => never("Its sender had no right to write here.", None),
        Uncounted::HadLeft => never("Its sender had left the conversation.", None),
    }
}

/// The rest, for an envelope that stands where its author may have written it.
async fn finish(member: &Member, db: &mut Connection, found: &Found<'_>, signed: Signed, (epoch, role): (Epoch, Role)) -> Result<Judged> {
    let header = *signed.envelope().header();
    let hash = signed.envelope().hash();
    let never = |problem: Problem| Ok((Outcome::Never(problem, Some(header.device)), None));
    let verified = match signed.decrypt(&epoch.key) {
        Ok(decrypted) => decrypted.into_verified(),
        Err(error) => return never(sentence(&error)),
    };
    if let Err(why) = check_chain(&header, hash, &neighbours(db, &header).await?) {
        return never(unchained(why).into());
    }
    let content = content_of(verified.content());
    let row = row(found, &header, (verified.from(), role, hash), &content);
    if let Some(problem) = member.projections.judge(member, db, &row, &content).await? {
        return never(problem);
    }
    let alarm = if header.device == member.device() { None } else { missing(db, found, &header).await? };
    Ok((Outcome::Verified(Box::new(row), Box::new(content)), alarm))
}

fn row(
    found: &Found<'_>,
    header: &EnvelopeHeader,
    (user, role, hash): (bezel_protocol::UserId, Role, bezel_protocol::Hash),
    content: &Content,
) -> Row {
    Row {
        number: 0,
        conversation: found.conversation.id,
        device: header.device,
        message: header.message,
        user,
        role,
        place: Some(Placed { sequence: found.sequence, counter: header.counter, hash, previous: header.previous }),
        epoch: header.epoch,
        sent_at_ms: header.sent_at_ms,
        seen: header.seen.sequence,
        roster: header.roster.sequence,
        kind: content.kind().into(),
        content: content.encode(),
    }
}

/// What is known here of the place of an envelope. `None` for one that is here already, at this place.
async fn context(
    db: &mut Connection,
    roster: &Roster,
    found: &Found<'_>,
    (signed, epoch): (&Signed, Option<EpochContext>),
) -> Result<Option<EnvelopeContext>> {
    let (id, header, hash) = (found.conversation.id, signed.envelope().header(), signed.envelope().hash());
    let name = MessageRef { device: header.device, message: header.message };
    let here = cache::log::get(db, id, name).await?.and_then(|known| known.place);
    if here.is_some_and(|here| here.sequence == found.sequence && here.hash == hash) {
        return Ok(None);
    }
    let mut stands_at = here.map(|here| here.sequence).filter(|place| *place != found.sequence);
    // The same bytes above count first, whether they have come or not.
    for sequence in cache::spine::places_of(db, id, hash).await?.into_iter().take_while(|place| *place < found.sequence) {
        let Some(entry) = cache::spine::get(db, id, sequence).await? else { continue };
        let above = context_at(db, roster, header, (sequence, entry.roster)).await?;
        if check_envelope(header, &EnvelopeContext { epoch, ..above }, roster).is_ok() {
            stands_at = Some(sequence);
            break;
        }
    }
    let context = context_at(db, roster, header, (found.sequence, found.roster)).await?;
    Ok(Some(EnvelopeContext { epoch, stands_at, ..context }))
}

async fn context_at(
    db: &mut Connection,
    roster: &Roster,
    header: &EnvelopeHeader,
    (sequence, stamp): (u64, u64),
) -> Result<EnvelopeContext> {
    let id = header.conversation;
    let had_left = match roster.device(header.device) {
        Some(device) => cache::leaves::had_left(db, id, device.user, sequence).await?,
        None => false,
    };
    let seen = cache::spine::hash_at(db, id, header.seen.sequence).await?;
    Ok(EnvelopeContext { sequence, stamp, seen, stands_at: None, epoch: None, had_left })
}

fn epoch_context(epoch: &Epoch, roster: &Roster, author: DeviceId) -> EpochContext {
    let role = roster.device(author).and_then(|device| epoch.roles.get(&device.user)).copied();
    EpochContext { began_at: epoch.began_at, ended_at: epoch.ended_at, authenticator: epoch.authenticator, role }
}

/// The neighbours of a message in the chain of its device, as far as they are here.
async fn neighbours(db: &mut Connection, header: &EnvelopeHeader) -> Result<Neighbours> {
    let of = (header.conversation, header.device);
    let mut at = async |counter: Option<u64>| match counter {
        Some(counter) => Ok::<_, Error>(cache::log::by_counter(db, of.0, of.1, counter).await?.and_then(neighbour)),
        None => Ok(None),
    };
    Ok(Neighbours {
        same: at(Some(header.counter)).await?,
        before: at(header.counter.checked_sub(1)).await?,
        after: at(header.counter.checked_add(1)).await?,
    })
}

fn neighbour(row: Row) -> Option<Neighbour> {
    let Placed { hash, previous, .. } = row.place?;
    Some(Neighbour { message: row.message, hash, previous, seen: row.seen, roster: row.roster })
}

const fn unchained(why: Unchained) -> &'static str {
    match why {
        Unchained::Replaces => "It repeats or replaces another message of its sender.",
        Unchained::DoesNotFollow => "It does not follow the sender's message before it.",
        Unchained::IsNotFollowed => "The sender's next message does not follow it.",
    }
}

fn replayed() -> Alarm {
    let error = Error::unverifiable(
        "message_replayed",
        "The relay hands out a message at a place where it was not written.",
        "It is not shown as content. Speak with whoever runs the relay.",
    );
    Alarm { error, accused: None }
}

fn log_forked(device: DeviceId) -> Alarm {
    let error = Error::unverifiable(
        "log_forked",
        "Somebody in a conversation signed for another history of it than the relay shows you.",
        "Speak with that person outside Bezel: either the relay shows two histories, or that device says what is not so.",
    );
    Alarm { error, accused: Some(device) }
}

fn group_forked(device: DeviceId) -> Alarm {
    let error = Error::unverifiable(
        "group_forked",
        "Somebody in a conversation sees another group than you do.",
        "Do not write there: speak with the conversation's owner outside Bezel.",
    );
    Alarm { error, accused: Some(device) }
}

pub(super) fn sentence(error: &OpenError) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>() + ".").unwrap_or_default()
}
