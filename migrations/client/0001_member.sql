-- The cache of one member. The whole file is encrypted by SQLCipher; its key is derived from the master key.
-- Ids are 16-byte UUIDs, hashes 32 bytes, times milliseconds since the epoch.

CREATE TABLE profile (
    one                INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    workspace          BLOB    NOT NULL,
    genesis            BLOB    NOT NULL,
    user               BLOB    NOT NULL,
    device             BLOB    NOT NULL,
    relay              TEXT    NOT NULL,
    -- The relay's own public key: its audit checkpoints and challenges must be by this key for ever.
    relay_key          BLOB    NOT NULL,
    hosts_relay        INTEGER NOT NULL CHECK (hosts_relay IN (0, 1)),
    -- The recovery words, until their owner has shown that they are written down.
    recovery_words     TEXT
) STRICT;

CREATE TABLE identity_keys (
    fingerprint   BLOB    NOT NULL PRIMARY KEY,
    pkcs8         BLOB    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    -- Set when a newer key took over; null while the roster does not yet name this key.
    state         TEXT    NOT NULL CHECK (state IN ('pending', 'current', 'retired'))
) STRICT;

CREATE TABLE device_keys (
    device BLOB NOT NULL PRIMARY KEY,
    keys   BLOB NOT NULL
) STRICT;

CREATE TABLE vault_keys (
    id            INTEGER NOT NULL PRIMARY KEY,
    key           BLOB    NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE roster_statements (
    sequence  INTEGER NOT NULL PRIMARY KEY,
    statement BLOB    NOT NULL
) STRICT;

-- What the replay of the statements up to one of them has found out: a start replays the rest only. Believed where that statement hashes to
-- `hash`, else thrown away.
CREATE TABLE roster_snapshot (
    one      INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    snapshot BLOB    NOT NULL
) STRICT;

-- Alarms that a person must see: a forked or truncated roster, a rewritten audit log. One row for each cause.
CREATE TABLE alarms (
    id                 INTEGER NOT NULL PRIMARY KEY,
    code               TEXT    NOT NULL,
    -- Where it happened, and the device that is accused with its user; null where there is none.
    conversation       BLOB,
    device             BLOB,
    user               BLOB,
    message            TEXT    NOT NULL,
    next_step          TEXT    NOT NULL,
    first_at_ms        INTEGER NOT NULL,
    last_at_ms         INTEGER NOT NULL,
    -- How often it was raised.
    count              INTEGER NOT NULL,
    -- Null until a person has seen it, and again when it comes back.
    acknowledged_at_ms INTEGER
) STRICT;

CREATE UNIQUE INDEX alarms_by_cause ON alarms (code, coalesce(conversation, x''), coalesce(device, x''));
CREATE INDEX alarms_by_time ON alarms (last_at_ms DESC, id DESC);

-- The newest signed checkpoint of the relay's audit log that was seen.
CREATE TABLE audit_checkpoints (
    sequence   INTEGER NOT NULL PRIMARY KEY,
    checkpoint BLOB    NOT NULL
) STRICT;

-- Private halves of key packages that are waiting on the relay.
CREATE TABLE key_packages (
    id            BLOB    NOT NULL PRIMARY KEY,
    suite         INTEGER NOT NULL,
    last_resort   INTEGER NOT NULL CHECK (last_resort IN (0, 1)),
    private       BLOB    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    not_after_ms  INTEGER NOT NULL,
    -- Of a last resort: whether a welcome has used it.
    used          INTEGER NOT NULL CHECK (used IN (0, 1))
) STRICT;

CREATE TABLE conversations (
    id              BLOB    NOT NULL PRIMARY KEY,
    suite           INTEGER NOT NULL,
    title           TEXT    NOT NULL,
    -- CBOR of the encrypted description in force, and its place.
    description     BLOB,
    described_at    INTEGER NOT NULL DEFAULT 0,
    epoch           INTEGER NOT NULL,
    authenticator   BLOB    NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    rotated_at_ms   INTEGER NOT NULL,
    removed_at_ms   INTEGER,
    -- The commit by which this device came in: what was said before it is not ours to read.
    first_sequence  INTEGER NOT NULL,
    -- The end of the spine, every commit up to which place was judged, and the newest place that was read.
    last_sequence   INTEGER NOT NULL,
    last_hash       BLOB    NOT NULL,
    judged_sequence INTEGER NOT NULL,
    read_sequence   INTEGER NOT NULL,
    updated_at_ms   INTEGER NOT NULL,
    -- From when on this device tells the title again to somebody who came back without it; null when nobody waits for it.
    describe_at_ms  INTEGER
) STRICT;

CREATE INDEX conversations_by_update ON conversations (updated_at_ms DESC, id DESC);

CREATE TABLE conversation_members (
    conversation BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    user         BLOB NOT NULL,
    role         TEXT NOT NULL,
    devices      INTEGER NOT NULL,
    PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;

-- MLS group state, as the group library writes it.
CREATE TABLE groups (
    conversation BLOB NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    -- The device whose leaf it is: another than this one where this home became another device and has not come in as that yet.
    device       BLOB NOT NULL,
    state        BLOB NOT NULL
) STRICT;

-- Commits of this device that were built, until their epoch is over: what is sent again is these bytes, and whichever the log holds is applied.
CREATE TABLE pending_commits (
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    -- SHA-256 of the entry.
    sha256       BLOB    NOT NULL,
    -- The epoch that it ends.
    epoch        INTEGER NOT NULL,
    -- CBOR, as it is sent.
    upload       BLOB    NOT NULL,
    secrets      BLOB    NOT NULL,
    -- The relay refused it; it may be in the log all the same.
    is_refused   INTEGER NOT NULL,
    PRIMARY KEY (conversation, sha256)
) STRICT;

-- Who left a conversation, and at which place.
CREATE TABLE conversation_leaves (
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    user         BLOB    NOT NULL,
    sequence     INTEGER NOT NULL,
    -- The place of the commit that took the user out of the group; null until then.
    ended_at     INTEGER,
    PRIMARY KEY (conversation, user, sequence)
) STRICT, WITHOUT ROWID;

-- Keys of epochs.
CREATE TABLE conversation_keys (
    conversation  BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    epoch         INTEGER NOT NULL,
    key           BLOB    NOT NULL,
    authenticator BLOB    NOT NULL,
    -- CBOR: who had which role in this epoch.
    roles         BLOB    NOT NULL,
    -- The roster head by which the epoch's commit was judged.
    roster        INTEGER NOT NULL,
    -- The places of the commits that began and ended it; 0 where none began it, null where none ended it yet.
    began_at      INTEGER NOT NULL,
    ended_at      INTEGER,
    learned_at_ms INTEGER NOT NULL,
    backed_up     INTEGER NOT NULL CHECK (backed_up IN (0, 1)),
    PRIMARY KEY (conversation, epoch)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_keys_to_back_up ON conversation_keys (conversation, epoch) WHERE backed_up = 0;

-- The hashes of the entries of each log, and the chain over them as it was computed here.
CREATE TABLE spine (
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    sequence     INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    stored_at_ms INTEGER NOT NULL,
    roster       INTEGER NOT NULL,
    sha256       BLOB    NOT NULL,
    hash         BLOB    NOT NULL,
    PRIMARY KEY (conversation, sequence)
) STRICT, WITHOUT ROWID;

-- What changes the group: a commit is the kind 2, a leave 3 (protocol, EntryKind).
CREATE INDEX spine_changes ON spine (conversation, sequence) WHERE kind IN (2, 3);

-- The relay's newest signed word for the end of each log.
CREATE TABLE heads (
    conversation BLOB NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    -- CBOR, as it came.
    head         BLOB NOT NULL
) STRICT;

-- What was said: every verified message, whole. What is shown of it is derived and can be made from here again.
CREATE TABLE log (
    -- In the order of sending times; the number of its row in the search index.
    number       INTEGER NOT NULL PRIMARY KEY,
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    device       BLOB    NOT NULL,
    message      BLOB    NOT NULL,
    user         BLOB    NOT NULL,
    -- The role of the user in the epoch of the message.
    role         TEXT    NOT NULL,
    -- Null while it waits in the outbox; so are the numbers of the chain then without meaning.
    sequence     INTEGER,
    epoch        INTEGER NOT NULL,
    counter      INTEGER NOT NULL,
    sent_at_ms   INTEGER NOT NULL,
    hash         BLOB    NOT NULL,
    previous     BLOB    NOT NULL,
    seen         INTEGER NOT NULL,
    roster       INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    content      BLOB    NOT NULL,
    -- The newest rules by which it was read: what they did not know is read again by newer ones.
    read_by      INTEGER NOT NULL,
    UNIQUE (conversation, device, message)
) STRICT;

CREATE UNIQUE INDEX log_by_place ON log (conversation, sequence);
CREATE INDEX log_by_counter ON log (conversation, device, counter);
CREATE INDEX log_by_reading ON log (read_by, number);

-- What each device last confirmed to have computed, by what it signed.
CREATE TABLE confirmations (
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    device       BLOB    NOT NULL,
    sequence     INTEGER NOT NULL,
    -- When it said so, by its own clock.
    at_ms        INTEGER NOT NULL,
    PRIMARY KEY (conversation, device)
) STRICT, WITHOUT ROWID;
CREATE INDEX confirmations_by_device ON confirmations (device, at_ms);

-- What a thread shows: derived from the log, and entries that can't be read, with the reason.
CREATE TABLE messages (
    number       INTEGER NOT NULL PRIMARY KEY,
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    device       BLOB    NOT NULL,
    id           BLOB    NOT NULL,
    user         BLOB    NOT NULL,
    -- Null while it waits in the outbox.
    sequence     INTEGER,
    -- Sorts the thread: the place, or, while it waits, behind every place.
    position     INTEGER NOT NULL,
    epoch        INTEGER NOT NULL,
    sent_at_ms   INTEGER NOT NULL,
    seen         INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    -- Words, or the name of the file.
    text         TEXT,
    reply_device BLOB,
    reply_to     BLOB,
    problem      TEXT,
    -- 'lost': the relay was put back from a copy, and nobody has brought it there again.
    state        TEXT    NOT NULL CHECK (state IN ('queued', 'sent', 'received', 'refused', 'lost')),
    UNIQUE (conversation, device, id)
) STRICT;

CREATE UNIQUE INDEX messages_by_position ON messages (conversation, position);
CREATE INDEX messages_by_id ON messages (id);

-- Tokens of what can be found, written by the program: no text is kept here. The rowid is the message's number.
CREATE VIRTUAL TABLE messages_search USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii');

CREATE TRIGGER messages_search_delete AFTER DELETE ON messages BEGIN
    DELETE FROM messages_search WHERE rowid = old.number;
END;

-- Long words of all messages, to find one inside another. Words of deleted messages stay until the index is filled again.
CREATE TABLE search_words (
    word TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- By which rules the index was written, and from which number down it is still to be filled; null where it is whole.
CREATE TABLE search_state (
    one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    fold    INTEGER NOT NULL,
    down_to INTEGER
) STRICT;

-- Envelopes that can't be decrypted or verified yet, with the reason; tried again when what each lacks has arrived.
CREATE TABLE held_envelopes (
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    sequence     INTEGER NOT NULL,
    -- Null where there was no room: its place is fetched again instead.
    envelope     BLOB,
    -- The epoch whose key it lacks, and the roster statement that its sender knew.
    epoch        INTEGER NOT NULL,
    roster       INTEGER NOT NULL,
    reason       TEXT    NOT NULL,
    held_at_ms   INTEGER NOT NULL,
    PRIMARY KEY (conversation, sequence)
) STRICT, WITHOUT ROWID;

CREATE INDEX held_envelopes_by_room ON held_envelopes (conversation, length(envelope)) WHERE envelope IS NOT NULL;

-- Stretches of a conversation's log that are still to be fetched, both ends included; fetched from the newest down.
CREATE TABLE gaps (
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    first        INTEGER NOT NULL,
    last         INTEGER NOT NULL CHECK (last >= first),
    PRIMARY KEY (conversation, last)
) STRICT, WITHOUT ROWID;

-- What was written and is not yet acknowledged, in the order of writing.
CREATE TABLE outbox (
    -- Its row in the log.
    number        INTEGER NOT NULL PRIMARY KEY REFERENCES log (number) ON DELETE CASCADE,
    conversation  BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL UNIQUE,
    -- The envelope of the last attempt; sealed anew when its epoch is over.
    envelope      BLOB,
    -- Hashes of the envelopes of all attempts, 32 bytes each: one of them is what the relay stored.
    attempts      BLOB    NOT NULL,
    refused       INTEGER NOT NULL DEFAULT 0 CHECK (refused IN (0, 1))
) STRICT;

CREATE INDEX outbox_by_conversation ON outbox (conversation);
CREATE INDEX outbox_waiting ON outbox (conversation, position) WHERE refused = 0;

-- The end of this device's own chain in a conversation.
CREATE TABLE own_chains (
    conversation BLOB    NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    counter      INTEGER NOT NULL,
    hash         BLOB    NOT NULL
) STRICT;

-- A first run: what is needed to finish it after a crash, and to say its recovery words again until they are confirmed.
CREATE TABLE enrolment (
    one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    data BLOB    NOT NULL
) STRICT;
