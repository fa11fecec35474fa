-- Generated from the migrations; compared by a test.

CREATE TABLE alarms (
    id        INTEGER NOT NULL PRIMARY KEY,
    code      TEXT    NOT NULL UNIQUE,
    message   TEXT    NOT NULL,
    next_step TEXT    NOT NULL,
    at_ms     INTEGER NOT NULL
) STRICT;

CREATE TABLE audit_checkpoints (
    sequence   INTEGER NOT NULL PRIMARY KEY,
    checkpoint BLOB    NOT NULL
) STRICT;

CREATE TABLE calls (
    call          BLOB    NOT NULL PRIMARY KEY,
    conversation  BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    message       BLOB    NOT NULL UNIQUE,
    -- Who called.
    user          BLOB    NOT NULL,
    device        BLOB    NOT NULL,
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

CREATE INDEX calls_by_time ON calls (started_at_ms, call);

CREATE INDEX calls_open ON calls (started_at_ms) WHERE outcome IS NULL;

CREATE TABLE conversation_keys (
    conversation  BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    epoch         INTEGER NOT NULL,
    key           BLOB    NOT NULL,
    authenticator BLOB    NOT NULL,
    -- CBOR: who had which role in this epoch.
    roles         BLOB    NOT NULL,
    -- The roster head by which the epoch's commit was judged.
    roster        INTEGER NOT NULL,
    learned_at_ms INTEGER NOT NULL,
    backed_up     INTEGER NOT NULL CHECK (backed_up IN (0, 1)),
    PRIMARY KEY (conversation, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversation_members (
    conversation BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    user         BLOB NOT NULL,
    role         TEXT NOT NULL,
    devices      INTEGER NOT NULL,
    PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversations (
    id             BLOB    NOT NULL PRIMARY KEY,
    suite          INTEGER NOT NULL,
    title          TEXT    NOT NULL,
    -- CBOR of the encrypted description as last received.
    description    BLOB,
    description_ms INTEGER NOT NULL DEFAULT 0,
    epoch          INTEGER NOT NULL,
    authenticator  BLOB    NOT NULL,
    created_at_ms  INTEGER NOT NULL,
    rotated_at_ms  INTEGER NOT NULL,
    removed_at_ms  INTEGER,
    -- Nothing up to here is ours to read; the newest sequence known; the newest sequence read.
    first_sequence INTEGER NOT NULL,
    last_sequence  INTEGER NOT NULL,
    read_sequence  INTEGER NOT NULL,
    updated_at_ms  INTEGER NOT NULL
) STRICT;

CREATE INDEX conversations_by_update ON conversations (updated_at_ms DESC);

CREATE TABLE device_keys (
    device BLOB NOT NULL PRIMARY KEY,
    keys   BLOB NOT NULL
) STRICT;

CREATE TABLE downloads (
    file          BLOB    NOT NULL PRIMARY KEY REFERENCES files (file) ON DELETE CASCADE,
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
    PRIMARY KEY (file, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
    file              BLOB    NOT NULL PRIMARY KEY,
    conversation      BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    message           BLOB    NOT NULL UNIQUE,
    user              BLOB    NOT NULL,
    device            BLOB    NOT NULL,
    sent_at_ms        INTEGER NOT NULL,
    -- Null where it is not for this member, and once the file was revoked.
    key               BLOB,
    name              TEXT    NOT NULL,
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

CREATE INDEX files_by_time ON files (sent_at_ms);

CREATE TABLE gaps (
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    first        INTEGER NOT NULL,
    last         INTEGER NOT NULL CHECK (last >= first),
    PRIMARY KEY (conversation, last)
) STRICT, WITHOUT ROWID;

CREATE TABLE groups (
    conversation BLOB NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    state        BLOB NOT NULL
) STRICT;

CREATE TABLE held_envelopes (
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    sequence     INTEGER NOT NULL,
    envelope     BLOB    NOT NULL,
    reason       TEXT    NOT NULL,
    held_at_ms   INTEGER NOT NULL,
    PRIMARY KEY (conversation, sequence)
) STRICT, WITHOUT ROWID;

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
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TRIGGER messages_search_delete AFTER DELETE ON messages WHEN old.text IS NOT NULL BEGIN
    INSERT INTO messages_search (messages_search, rowid, text) VALUES ('delete', old.rowid, old.text);
END;

CREATE TRIGGER messages_search_insert AFTER INSERT ON messages WHEN new.text IS NOT NULL BEGIN
    INSERT INTO messages_search (rowid, text) VALUES (new.rowid, new.text);
END;

CREATE TRIGGER messages_search_update AFTER UPDATE OF text ON messages BEGIN
    INSERT INTO messages_search (messages_search, rowid, text)
        SELECT 'delete', old.rowid, old.text WHERE old.text IS NOT NULL;
    INSERT INTO messages_search (rowid, text) SELECT new.rowid, new.text WHERE new.text IS NOT NULL;
END;

CREATE TABLE "messages" (
    id            BLOB    NOT NULL PRIMARY KEY,
    conversation  BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    -- Null while it waits in the outbox.
    sequence      INTEGER,
    user          BLOB    NOT NULL,
    device        BLOB    NOT NULL,
    epoch         INTEGER NOT NULL,
    counter       INTEGER NOT NULL,
    sent_at_ms    INTEGER NOT NULL,
    hash          BLOB    NOT NULL,
    previous      BLOB    NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind IN ('text', 'file', 'call', 'event', 'unknown', 'unreadable')),
    -- Words, or the name of the file.
    text          TEXT,
    -- What could not be shown, kept whole for a newer version.
    content       BLOB,
    reply_to      BLOB,
    problem       TEXT,
    state         TEXT    NOT NULL CHECK (state IN ('queued', 'sent', 'received', 'refused'))
) STRICT;

CREATE INDEX messages_by_sender ON messages (conversation, device, counter);

CREATE UNIQUE INDEX messages_by_sequence ON messages (conversation, sequence);

CREATE INDEX messages_by_time ON messages (conversation, sent_at_ms, id);

CREATE VIRTUAL TABLE messages_search USING fts5 (
    text, content = 'messages', content_rowid = 'rowid', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);

CREATE TABLE outbox (
    message       BLOB    NOT NULL PRIMARY KEY,
    conversation  BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    position      INTEGER NOT NULL UNIQUE,
    content       BLOB    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    -- The envelope of the last attempt, with its epoch; made anew when the epoch moves on.
    envelope      BLOB,
    epoch         INTEGER,
    -- Hashes of the envelopes of all attempts, 32 bytes each: one of them is what the relay stored.
    attempts      BLOB    NOT NULL,
    refused       INTEGER NOT NULL DEFAULT 0 CHECK (refused IN (0, 1))
) STRICT;

CREATE TABLE own_chains (
    conversation BLOB    NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    counter      INTEGER NOT NULL,
    hash         BLOB    NOT NULL
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

CREATE TABLE roster_statements (
    sequence  INTEGER NOT NULL PRIMARY KEY,
    statement BLOB    NOT NULL
) STRICT;

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
