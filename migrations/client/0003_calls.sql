-- Calls: what was said of them, and how they went for this device.

-- Calls, by the message that began each.
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
