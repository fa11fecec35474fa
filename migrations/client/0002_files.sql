-- Files: what was announced, who looked, and what is on its way.

-- Files that were announced, by the message that did it.
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

CREATE UNIQUE INDEX files_by_message ON files (conversation, device, message);
CREATE INDEX files_by_conversation ON files (conversation, sent_at_ms);
-- With the name, so that a search reads no thumbnails.
CREATE INDEX files_by_time ON files (sent_at_ms, name_folded);

-- Who withdrew a file. It may come before the announcement, since the newest messages are fetched first.
CREATE TABLE file_revocations (
    file          BLOB    NOT NULL,
    user          BLOB    NOT NULL,
    -- Whether that person was an owner or admin of the conversation then.
    is_admin      INTEGER NOT NULL CHECK (is_admin IN (0, 1)),
    conversation  BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    revoked_at_ms INTEGER NOT NULL,
    PRIMARY KEY (file, conversation, user)
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
