-- Calls: what was said of them, and how they went for this device.

-- A message may begin a call. SQLite can't widen a CHECK, so the table is made anew; the row ids stay, and with them the search index.
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
    kind          TEXT    NOT NULL CHECK (kind IN ('text', 'file', 'call', 'event', 'unknown', 'unreadable')),
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

-- Calls, by the message that began each.
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
