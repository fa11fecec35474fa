-- Files: what was announced, who looked, and what is on its way.

-- A message may announce a file. SQLite can't widen a CHECK, so the table is made anew; the row ids stay, and with them the search index.
CREATE TABLE messages_new (
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
    kind          TEXT    NOT NULL CHECK (kind IN ('text', 'file', 'event', 'unknown', 'unreadable')),
    -- Words, or the name of the file.
    text          TEXT,
    -- What could not be shown, kept whole for a newer version.
    content       BLOB,
    reply_to      BLOB,
    problem       TEXT,
    state         TEXT    NOT NULL CHECK (state IN ('queued', 'sent', 'received', 'refused'))
) STRICT;

INSERT INTO messages_new (rowid, id, conversation, sequence, user, device, epoch, counter, sent_at_ms, hash, previous, kind, text,
                          content, reply_to, problem, state)
    SELECT rowid, id, conversation, sequence, user, device, epoch, counter, sent_at_ms, hash, previous, kind, text,
           content, reply_to, problem, state FROM messages;

DROP TABLE messages;
ALTER TABLE messages_new RENAME TO messages;

CREATE UNIQUE INDEX messages_by_sequence ON messages (conversation, sequence);
CREATE INDEX messages_by_time ON messages (conversation, sent_at_ms, id);
CREATE INDEX messages_by_sender ON messages (conversation, device, counter);

CREATE TRIGGER messages_search_insert AFTER INSERT ON messages WHEN new.text IS NOT NULL BEGIN
    INSERT INTO messages_search (rowid, text) VALUES (new.rowid, new.text);
END;

CREATE TRIGGER messages_search_delete AFTER DELETE ON messages WHEN old.text IS NOT NULL BEGIN
    INSERT INTO messages_search (messages_search, rowid, text) VALUES ('delete', old.rowid, old.text);
END;

CREATE TRIGGER messages_search_update AFTER UPDATE OF text ON messages BEGIN
    INSERT INTO messages_search (messages_search, rowid, text)
        SELECT 'delete', old.rowid, old.text WHERE old.text IS NOT NULL;
    INSERT INTO messages_search (rowid, text) SELECT new.rowid, new.text WHERE new.text IS NOT NULL;
END;

-- Files that were announced, by the message that did it.
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

-- Who withdrew a file. It may come before the announcement, since the newest messages are fetched first.
CREATE TABLE file_revocations (
    file          BLOB    NOT NULL,
    user          BLOB    NOT NULL,
    -- Whether that person was an owner or admin of the conversation then.
    is_admin      INTEGER NOT NULL CHECK (is_admin IN (0, 1)),
    conversation  BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    revoked_at_ms INTEGER NOT NULL,
    PRIMARY KEY (file, user)
) STRICT, WITHOUT ROWID;

-- Signed receipts: the first of each device.
CREATE TABLE file_receipts (
    file         BLOB    NOT NULL,
    device       BLOB    NOT NULL,
    action       TEXT    NOT NULL CHECK (action IN ('preview', 'download')),
    user         BLOB    NOT NULL,
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    at_ms        INTEGER NOT NULL,
    PRIMARY KEY (file, device, action)
) STRICT, WITHOUT ROWID;

-- Files on their way to the relay.
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

-- Files on their way to this machine's disk.
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
