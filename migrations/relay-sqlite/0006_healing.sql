-- A relay that was put back from a copy: what of it heals, and who came by to compare.

-- Filled in a copy: its next start begins another generation.
CREATE TABLE copies (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1)
) STRICT;

-- Logs (by conversation) and rosters (by workspace) that were there when this generation began.
CREATE TABLE healing (
    subject_id      BLOB    NOT NULL PRIMARY KEY,
    -- When the first client came by; null before.
    first_at_ms     INTEGER,
    -- Since when new entries are taken again; null while it takes back what it lost.
    healed_at_ms    INTEGER,
    -- Of a log: the place of the entry that says so.
    healed_sequence INTEGER
) STRICT;

CREATE TABLE healing_devices (
    subject_id BLOB    NOT NULL REFERENCES healing (subject_id),
    device_id  BLOB    NOT NULL,
    user_id    BLOB    NOT NULL,
    -- Whether what it has computed is in the log here. Else it may still have something to offer, or stands on a branch that was lost.
    follows    INTEGER NOT NULL CHECK (follows IN (0, 1)),
    PRIMARY KEY (subject_id, device_id)
) STRICT, WITHOUT ROWID;
