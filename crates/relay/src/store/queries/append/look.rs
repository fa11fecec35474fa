//! What is there of appends.

use bezel_protocol::envelope::EnvelopeHeader;
use bezel_protocol::log::Place;
use bezel_protocol::wire::MessageAccepted;
use sqlx::Row as _;

use super::super::super::{Connection, Row};
use super::super::conversation::found;
use super::super::{hash, unsigned};
use super::{Append, There, ids, json, row_of};
use crate::store::StoreError;

/// The appends whose device stands; the conversation of each as its device sees it; the places of messages of the device with one of the
/// counters or ids; the chain at the places that the envelopes name.
///
/// `$1` is a JSON array with the number of each append, and `$2` holds the conversation, device, user and workspace of each. `$3` is a
/// JSON array with [append, counter, seen] of each envelope, and `$4` holds all ids. CROSS: each is looked up by itself, nothing is
/// searched through.
const LOOK: &str = "
    SELECT 0 AS what, n.value AS at
    FROM json_each($1) n
    CROSS JOIN standing_devices s
        ON s.device_id = substr($2, 64 * n.value + 17, 16)
        AND s.user_id = substr($2, 64 * n.value + 33, 16)
        AND s.workspace_id = substr($2, 64 * n.value + 49, 16);

    SELECT 1 AS what, n.value AS at, c.suite, c.epoch, c.last_sequence, c.last_hash, c.last_roster, m.role
    FROM json_each($1) n
    CROSS JOIN group_devices d
        ON d.conversation_id = substr($2, 64 * n.value + 1, 16)
        AND d.device_id = substr($2, 64 * n.value + 17, 16)
        AND d.user_id = substr($2, 64 * n.value + 33, 16)
    CROSS JOIN group_members m ON m.conversation_id = d.conversation_id AND m.user_id = d.user_id
    CROSS JOIN group_conversations c ON c.conversation_id = d.conversation_id;

    SELECT 2 AS what, n.key AS at, l.sequence, l.hash, l.stored_at_ms, l.roster, l.sha256
    FROM json_each($3) n
    CROSS JOIN encrypted_message_metadata k
        ON k.conversation_id = substr($2, 64 * (n.value ->> 0) + 1, 16)
        AND k.device_id = substr($2, 64 * (n.value ->> 0) + 17, 16)
        AND k.counter = n.value ->> 1
    CROSS JOIN conversation_log l ON l.conversation_id = k.conversation_id AND l.sequence = k.sequence;

    SELECT 3 AS what, n.key AS at, l.sequence, l.hash, l.stored_at_ms, l.roster, l.sha256
    FROM json_each($3) n
    CROSS JOIN encrypted_message_metadata k
        ON k.conversation_id = substr($2, 64 * (n.value ->> 0) + 1, 16)
        AND k.device_id = substr($2, 64 * (n.value ->> 0) + 17, 16)
        AND k.message_id = substr($4, 16 * n.key + 1, 16)
    CROSS JOIN conversation_log l ON l.conversation_id = k.conversation_id AND l.sequence = k.sequence;

    SELECT 4 AS what, n.key AS at, l.hash
    FROM json_each($3) n
    CROSS JOIN conversation_log l
        ON l.conversation_id = substr($2, 64 * (n.value ->> 0) + 1, 16) AND l.sequence = n.value ->> 2";

pub(super) async fn look(connection: &mut Connection, appends: &[Append]) -> Result<There, StoreError> {
    let envelopes: Vec<(usize, &Append, &EnvelopeHeader)> = (0..)
        .zip(appends)
        .flat_map(|(at, append)| append.new.envelopes.iter().map(move |envelope| (at, append, envelope.header())))
        .collect();
    let numbers: Vec<(usize, u64, u64)> = envelopes.iter().map(|(at, _, header)| (*at, header.counter, header.seen.sequence)).collect();
    let rows = sqlx::query(LOOK)
        .bind(json(&(0..appends.len()).collect::<Vec<_>>())?)
        .bind(ids(appends))
        .bind(json(&numbers)?)
        .bind(row_of(envelopes.iter().map(|(_, _, header)| *header.message.as_bytes())))
        .fetch_all(connection)
        .await?;
    let mut there = There::default();
    for row in &rows {
        let at = usize::try_from(unsigned(row, "at")?).map_err(|_| StoreError::Damaged("number"))?;
        let (what, append, envelope) = (unsigned(row, "what")?, appends.get(at), envelopes.get(at).copied());
        match (what, append, envelope) {
            (0, ..) => {
                there.standing.insert(at);
            }
            (1, Some(append), _) => {
                there.conversations.insert(at, found(append.new.conversation, row)?);
            }
            (2, _, Some((_, append, header))) => {
                there.known.counters.insert((append.new.conversation, append.device, header.counter), known(row)?);
            }
            (3, _, Some((_, append, header))) => {
                there.known.ids.insert((append.new.conversation, append.device, header.message), known(row)?);
            }
            (_, _, Some((_, append, header))) => {
                there.seen.insert((append.new.conversation, header.seen.sequence), hash(row, "hash")?);
            }
            _ => return Err(StoreError::Damaged("number")),
        }
    }
    Ok(there)
}

fn known(row: &Row) -> Result<MessageAccepted, StoreError> {
    Ok(MessageAccepted {
        place: Place { sequence: unsigned(row, "sequence")?, hash: hash(row, "hash")? },
        stored_at_ms: row.try_get("stored_at_ms")?,
        roster: unsigned(row, "roster")?,
        sha256: hash(row, "sha256")?,
    })
}
