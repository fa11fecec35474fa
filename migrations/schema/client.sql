-- Generated from the migrations; compared by a test.

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

CREATE TABLE audit_checkpoints (
    sequence   INTEGER NOT NULL PRIMARY KEY,
    checkpoint BLOB    NOT NULL
) STRICT;

CREATE TABLE calls (
    call          BLOB    NOT NULL PRIMARY KEY,
    conversation  BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    -- The message that began it, by device and id, and who called.
    device        BLOB    NOT NULL,
    message       BLOB    NOT NULL,
    user          BLOB    NOT NULL,
    media         TEXT    NOT NULL CHECK (media IN ('audio', 'video')),
    started_at_ms INTEGER NOT NULL,
    -- From which frame keys come: the newest that is known, and its number.
    secret        BLOB    NOT NULL,
    generation    INTEGER NOT NULL,
    -- How a client comes in, as the invitation says it.
    guest         BLOB,
    -- When this device came in.
    joined_at_ms  INTEGER,
    -- Null as long as the call goes on, for all that is known.
    outcome       TEXT    CHECK (outcome IN ('completed', 'missed', 'declined', 'busy', 'cancelled', 'failed')),
    -- For how long this device had a connection; without one, for how long the caller had.
    seconds       INTEGER,
    -- How it was, as JSON.
    quality       TEXT
) STRICT;

CREATE UNIQUE INDEX calls_by_message ON calls (conversation, device, message);

CREATE INDEX calls_by_time ON calls (started_at_ms, call);

CREATE INDEX calls_open ON calls (started_at_ms, call) WHERE outcome IS NULL;

CREATE TABLE confirmations (
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    device       BLOB    NOT NULL,
    sequence     INTEGER NOT NULL,
    -- When it said so, by its own clock.
    at_ms        INTEGER NOT NULL,
    PRIMARY KEY (conversation, device)
) STRICT, WITHOUT ROWID;

CREATE INDEX confirmations_by_device ON confirmations (device, at_ms);

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

CREATE TABLE conversation_leaves (
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    user         BLOB    NOT NULL,
    sequence     INTEGER NOT NULL,
    -- The place of the commit that took the user out of the group; null until then.
    ended_at     INTEGER,
    PRIMARY KEY (conversation, user, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversation_members (
    conversation BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    user         BLOB NOT NULL,
    role         TEXT NOT NULL,
    devices      INTEGER NOT NULL,
    PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE copied (
    one           INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    -- What kind of thing was signed elsewhere.
    kind          TEXT    NOT NULL,
    -- It, as it was signed.
    evidence      BLOB    NOT NULL,
    noticed_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE device_keys (
    device BLOB NOT NULL PRIMARY KEY,
    keys   BLOB NOT NULL
) STRICT;

CREATE TABLE downloads (
    file          BLOB    NOT NULL PRIMARY KEY,
    path          TEXT    NOT NULL,
    -- Whether a file that stands there may be replaced.
    replace       INTEGER NOT NULL CHECK (replace IN (0, 1)),
    -- So many chunks are verified and on the disk, and the hash of the blob up to there.
    done_chunks   INTEGER NOT NULL,
    hasher        BLOB    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('waiting', 'paused', 'failed')),
    problem       TEXT,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE enrolment (
    one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    data BLOB    NOT NULL
) STRICT;

CREATE TABLE entries (
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    sequence     INTEGER NOT NULL,
    stored_at_ms INTEGER NOT NULL,
    size         INTEGER NOT NULL,
    bytes        BLOB    NOT NULL,
    PRIMARY KEY (conversation, sequence)
) STRICT;

CREATE INDEX entries_by_time ON entries (stored_at_ms, size);

CREATE TABLE file_receipts (
    file         BLOB    NOT NULL,
    device       BLOB    NOT NULL,
    action       TEXT    NOT NULL CHECK (action IN ('preview', 'download')),
    user         BLOB    NOT NULL,
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    at_ms        INTEGER NOT NULL,
    PRIMARY KEY (file, device, action)
) STRICT, WITHOUT ROWID;

CREATE TABLE file_revocations (
    file          BLOB    NOT NULL,
    user          BLOB    NOT NULL,
    -- Whether that person was an owner or admin of the conversation then.
    is_admin      INTEGER NOT NULL CHECK (is_admin IN (0, 1)),
    conversation  BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    revoked_at_ms INTEGER NOT NULL,
    PRIMARY KEY (file, conversation, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
    file              BLOB    NOT NULL PRIMARY KEY,
    conversation      BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    -- The message that announced it, by device and id.
    device            BLOB    NOT NULL,
    message           BLOB    NOT NULL,
    user              BLOB    NOT NULL,
    sent_at_ms        INTEGER NOT NULL,
    -- Null where it is not for this member, and once the file was revoked.
    key               BLOB,
    name              TEXT    NOT NULL,
    -- The name as it is searched and sorted.
    name_folded       TEXT    NOT NULL,
    media_type        TEXT    NOT NULL,
    size_bytes        INTEGER NOT NULL,
    ciphertext_bytes  INTEGER NOT NULL,
    ciphertext_sha256 BLOB    NOT NULL,
    width             INTEGER,
    height            INTEGER,
    thumbnail_type    TEXT,
    thumbnail         BLOB,
    view_only         INTEGER NOT NULL CHECK (view_only IN (0, 1)),
    expires_at_ms     INTEGER,
    -- CBOR: the people for whom the key was sealed; null for everyone in the conversation.
    named             BLOB
) STRICT;

CREATE INDEX files_by_conversation ON files (conversation, sent_at_ms);

CREATE UNIQUE INDEX files_by_message ON files (conversation, device, message);

CREATE INDEX files_by_time ON files (sent_at_ms, name_folded);

CREATE TABLE gaps (
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    first        INTEGER NOT NULL,
    last         INTEGER NOT NULL CHECK (last >= first),
    PRIMARY KEY (conversation, last)
) STRICT, WITHOUT ROWID;

CREATE TABLE groups (
    conversation BLOB NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    -- The device whose leaf it is: another than this one where this home became another device and has not come in as that yet.
    device       BLOB NOT NULL,
    state        BLOB NOT NULL
) STRICT;

CREATE TABLE heads (
    conversation BLOB NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    -- CBOR, as it came.
    head         BLOB NOT NULL
) STRICT;

CREATE TABLE healing (
    conversation BLOB    NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    -- Whether a person was told why it stands still.
    is_told      INTEGER NOT NULL CHECK (is_told IN (0, 1))
) STRICT;

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

CREATE TABLE identity_keys (
    fingerprint   BLOB    NOT NULL PRIMARY KEY,
    pkcs8         BLOB    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    -- Set when a newer key took over; null while the roster does not yet name this key.
    state         TEXT    NOT NULL CHECK (state IN ('pending', 'current', 'retired'))
) STRICT;

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

CREATE INDEX log_by_counter ON log (conversation, device, counter);

CREATE UNIQUE INDEX log_by_place ON log (conversation, sequence);

CREATE INDEX log_by_reading ON log (read_by, number);

CREATE TABLE logins (
    number    INTEGER NOT NULL PRIMARY KEY,
    -- SHA-256 of the signed statement.
    statement BLOB    NOT NULL
) STRICT;

CREATE TABLE lost_branches (
    conversation BLOB    NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    -- LostBranch of the protocol, in CBOR.
    branch       BLOB    NOT NULL,
    -- Whether this device is in the group of the log that is there, to do again there what was lost.
    has_returned INTEGER NOT NULL CHECK (has_returned IN (0, 1)),
    -- Where that log ended when it was told; null before.
    told_at      INTEGER
) STRICT;

CREATE TABLE lost_commits (
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    -- The epoch that it ended.
    epoch        INTEGER NOT NULL,
    -- Its place in the log that was lost.
    sequence     INTEGER NOT NULL,
    sha256       BLOB    NOT NULL,
    -- Null where the bytes were not kept.
    entry        BLOB,
    PRIMARY KEY (conversation, epoch)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER messages_search_delete AFTER DELETE ON messages BEGIN
    DELETE FROM messages_search WHERE rowid = old.number;
END;

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

CREATE INDEX messages_by_id ON messages (id);

CREATE UNIQUE INDEX messages_by_position ON messages (conversation, position);

CREATE VIRTUAL TABLE messages_search USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii');

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

CREATE TABLE own_chains (
    conversation BLOB    NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    counter      INTEGER NOT NULL,
    hash         BLOB    NOT NULL
) STRICT;

CREATE TABLE own_vault (
    one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    -- Sealed under the recovery words.
    vault   BLOB    NOT NULL
) STRICT;

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

CREATE TABLE relay_generation (
    one        INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    generation BLOB    NOT NULL,
    is_redone  INTEGER NOT NULL CHECK (is_redone IN (0, 1))
) STRICT;

CREATE TABLE roster_snapshot (
    one      INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    snapshot BLOB    NOT NULL
) STRICT;

CREATE TABLE roster_statements (
    sequence  INTEGER NOT NULL PRIMARY KEY,
    statement BLOB    NOT NULL
) STRICT;

CREATE TABLE search_state (
    one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    fold    INTEGER NOT NULL,
    down_to INTEGER
) STRICT;

CREATE TABLE search_words (
    word TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

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

CREATE INDEX spine_by_bytes ON spine (conversation, sha256);

CREATE INDEX spine_changes ON spine (conversation, sequence) WHERE kind IN (2, 3);

CREATE INDEX spine_restored ON spine (conversation, sequence) WHERE kind = 6;

CREATE TABLE uploads (
    file           BLOB    NOT NULL PRIMARY KEY,
    conversation   BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    -- Where the content comes from: a path, or another file (sent anew under another key), or, both null, memory.
    source_path    TEXT,
    source_file    BLOB,
    -- The path's time of change in nanoseconds: a file that changes on the way is sent anew.
    modified_ns    INTEGER NOT NULL,
    key            BLOB    NOT NULL,
    header         BLOB    NOT NULL,
    -- CBOR: what will be announced, as far as it is known.
    manifest       BLOB    NOT NULL,
    -- CBOR: who gets it.
    access         BLOB    NOT NULL,
    -- The relay has the blob up to here; the hash up to here; the hash after the part that goes next.
    sent_bytes     INTEGER NOT NULL,
    hasher         BLOB    NOT NULL,
    pending_sha256 BLOB,
    state          TEXT    NOT NULL CHECK (state IN ('waiting', 'paused', 'failed')),
    problem        TEXT,
    created_at_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE vault_keys (
    id            INTEGER NOT NULL PRIMARY KEY,
    key           BLOB    NOT NULL,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE withdrawals (
    kind  TEXT    NOT NULL CHECK (kind IN ('file', 'link')),
    id    BLOB    NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
