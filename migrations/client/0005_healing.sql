-- A relay that was put back from a copy: what is kept for it, and what is still to be done.

-- The life of the relay's data that is known here, and whether what this device asked of the relay was asked again in it.
CREATE TABLE relay_generation (
    one        INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    generation BLOB    NOT NULL,
    is_redone  INTEGER NOT NULL CHECK (is_redone IN (0, 1))
) STRICT;

-- The bytes of entries, as they were signed: the newest 30 days, as far as there is room.
CREATE TABLE entries (
    conversation BLOB    NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    sequence     INTEGER NOT NULL,
    stored_at_ms INTEGER NOT NULL,
    size         INTEGER NOT NULL,
    bytes        BLOB    NOT NULL,
    PRIMARY KEY (conversation, sequence)
) STRICT;

CREATE INDEX entries_by_time ON entries (stored_at_ms, size);

-- Conversations whose log is still to be compared with the relay's: nothing is sent there.
CREATE TABLE healing (
    conversation BLOB    NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    -- Whether a person was told why it stands still.
    is_told      INTEGER NOT NULL CHECK (is_told IN (0, 1))
) STRICT;

-- Commits that were verified here and that the healed log lacks so far: this device does not go behind them.
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

-- Files and links into calls that this device withdrew on the relay.
CREATE TABLE withdrawals (
    kind  TEXT    NOT NULL CHECK (kind IN ('file', 'link')),
    id    BLOB    NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- The kind 6 is the relay's own entry that it was put back (protocol, EntryKind).
CREATE INDEX spine_restored ON spine (conversation, sequence) WHERE kind = 6;
