//! Placed envelopes are written.

use bezel_protocol::log::EntryKind;

use super::super::super::Connection;
use super::{Placed, Round, ids, json, row_of};
use crate::store::StoreError;

/// Moves the ends of logs, and writes entries.
///
/// `$1` holds the conversation, device, user and workspace of each append. `$2` is a JSON array with [append, sequence, roster] of each
/// log's new end, and `$3` holds their hashes. `$4` is a JSON array with [append, sequence, stored at, roster, counter, epoch, first byte,
/// bytes] of each envelope in `$8`; `$5`, `$6` and `$7` hold their hashes, the chain behind them and their ids.
const WRITE: &str = "
    UPDATE group_conversations AS c
    SET last_sequence = n.value ->> 1, last_hash = substr($3, 32 * n.key + 1, 32), last_roster = n.value ->> 2
    FROM json_each($2) n
    WHERE c.conversation_id = substr($1, 64 * (n.value ->> 0) + 1, 16);

    INSERT INTO conversation_log (conversation_id, sequence, kind, stored_at_ms, roster, sha256, hash)
    SELECT substr($1, 64 * (n.value ->> 0) + 1, 16), n.value ->> 1, $9, n.value ->> 2, n.value ->> 3,
           substr($5, 32 * n.key + 1, 32), substr($6, 32 * n.key + 1, 32)
    FROM json_each($4) n;

    INSERT INTO encrypted_message_metadata (conversation_id, sequence, device_id, message_id, counter, epoch, size_bytes)
    SELECT substr($1, 64 * (n.value ->> 0) + 1, 16), n.value ->> 1, substr($1, 64 * (n.value ->> 0) + 17, 16),
           substr($7, 16 * n.key + 1, 16), n.value ->> 4, n.value ->> 5, n.value ->> 7
    FROM json_each($4) n;

    INSERT INTO message_envelopes (conversation_id, sequence, envelope)
    SELECT substr($1, 64 * (n.value ->> 0) + 1, 16), n.value ->> 1, substr($8, (n.value ->> 6) + 1, n.value ->> 7)
    FROM json_each($4) n";

pub(super) async fn write(connection: &mut Connection, round: &Round<'_>) -> Result<(), StoreError> {
    let ends: Vec<_> = round.ends.values().collect();
    let mut bytes = Vec::with_capacity(round.placed.iter().map(|placed| placed.envelope.bytes().len()).sum());
    let mut numbers = Vec::with_capacity(round.placed.len());
    for Placed { at, envelope, accepted } in &round.placed {
        let header = envelope.header();
        let stamp = (accepted.place.sequence, accepted.stored_at_ms, accepted.roster);
        numbers.push((at, stamp.0, stamp.1, stamp.2, header.counter, header.epoch, bytes.len(), envelope.bytes().len()));
        bytes.extend_from_slice(envelope.bytes());
    }
    sqlx::query(WRITE)
        .bind(ids(round.appends))
        .bind(json(&ends.iter().map(|end| (end.at, end.place.sequence, end.roster)).collect::<Vec<_>>())?)
        .bind(row_of(ends.iter().map(|end| *end.place.hash.as_bytes())))
        .bind(json(&numbers)?)
        .bind(row_of(round.placed.iter().map(|placed| *placed.accepted.sha256.as_bytes())))
        .bind(row_of(round.placed.iter().map(|placed| *placed.accepted.place.hash.as_bytes())))
        .bind(row_of(round.placed.iter().map(|placed| *placed.envelope.header().message.as_bytes())))
        .bind(bytes)
        .bind(i64::from(u8::from(EntryKind::Envelope)))
        .execute(connection)
        .await?;
    Ok(())
}
