//! What may read or sort a whole table, and why.

/// Tables and indexes that stay small: of one row, of what is open or waits, or with a bound of their own.
pub(super) const SMALL: &[&str] = &[
    // One row each.
    "copied",
    "profile",
    "own_vault",
    "search_state",
    "roster_snapshot",
    "kept",
    "relay_generation",
    "copies",
    // A few keys, packages and generations.
    "device_keys",
    "vault_keys",
    "identity_keys",
    "key_packages",
    "generations",
    "workspaces",
    // 32 of each code.
    "alarms",
    // What is on its way.
    "uploads",
    "downloads",
    // They have a bound in bytes.
    "held_envelopes",
    "held_envelopes_by_room",
    // What is open, waits, or is to be done, and nothing else.
    "outbox",
    "outbox_waiting",
    "calls_open",
    "conversation_keys_to_back_up",
    "video_calls_open",
    "encrypted_files_uploading",
    "found",
    // Names in parameters.
    "2-ROW",
    "conversations_by_update",
];

/// The ends of statements that are put together in parts.
pub(super) const COMPLETED: [(&str, &str); 6] = [
    ("calls.rs of_messages", "$1 AND (device, message) IN (VALUES ($2, $3), ($4, $5))"),
    ("files.rs of_messages", "$1 AND (f.device, f.message) IN (VALUES ($2, $3), ($4, $5))"),
    ("files.rs receipts_of", "$1, $2) ORDER BY r.at_ms DESC"),
    ("files.rs select", "WHERE f.conversation = $1 ORDER BY f.sent_at_ms DESC LIMIT 50)"),
    ("confirmations.rs newest_elsewhere", "$1 AND device IN ($2, $3)"),
    ("spine.rs append", "VALUES ($1, $2, $3, $4, $5, $6, $7)"),
];

/// Functions whose statements may, with the reason.
pub(super) const EXCEPTIONS: &[(&str, &str)] = &[
    ("alarms.rs forget_surplus", "alarms have a bound"),
    ("alarms.rs all", "alarms have a bound, and all are shown"),
    ("keys.rs pending_identity", "a person has a few keys"),
    ("keys.rs last_resort", "a device has a few packages"),
    ("transfers.rs uploads", "what is on its way is a handful"),
    ("transfers.rs downloads", "what is on its way is a handful"),
    ("transfers.rs waiting", "what is on its way is a handful"),
    ("outbox.rs waiting", "one row a conversation in which something waits"),
    ("conversations.rs to_describe", "once a round, and conversations are few"),
    ("messages.rs delete_derived", "everything is made again"),
    ("files.rs forget_reactions", "everything is made again"),
    ("messages.rs search", "a page of hits is put into the order of finding"),
    ("files.rs receipts_of", "the receipts of a page of files"),
    ("index.rs WORDS_WITH", "words inside of words: the list of words is read up to a limit"),
    ("refill.rs prepare", "once a version, whether there is anything at all"),
    ("refill.rs begin", "once a version, the names of all files"),
    ("entries.rs prune", "once an hour, by its index alone"),
    ("healing.rs begin", "once a generation of the relay, over all that there is"),
    ("healing.rs begin_healing", "once a generation, over all that there is"),
    ("healing.rs open_healings", "once, at the start"),
    ("healing.rs all", "once a round, what is still to be compared"),
    ("withdrawals.rs note", "with each, those of 30 days"),
    ("withdrawals.rs all", "once a generation of the relay, those of 30 days"),
    ("conversation.rs welcomes", "those of one device"),
    ("message.rs receipts", "one a device of a conversation"),
    ("guest_link.rs open_guest_links", "the open ones of one device"),
    ("file_log.rs log_line", "the lines of one file and person"),
    ("file_upkeep.rs parts_of_revoked", "by the sweep alone"),
    ("roster.rs workspaces", "once, at the start"),
    ("roster.rs apply_roster", "once a roster statement, over the sessions and devices that stand"),
    ("user_key.rs put_device_key", "once a certificate"),
];
