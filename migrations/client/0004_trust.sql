-- What this device signed and left on the relay, by which it notices another relay, an older vault, and a copy of itself.

-- Log-ins that this device signed: each number is written down, and synced, before it is signed with.
CREATE TABLE logins (
    number    INTEGER NOT NULL PRIMARY KEY,
    -- SHA-256 of the signed statement.
    statement BLOB    NOT NULL
) STRICT;

-- What shows that this device's keys are in use elsewhere: the home was copied, or put back from a backup. Nothing more is signed here.
CREATE TABLE copied (
    one           INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    -- What kind of thing was signed elsewhere.
    kind          TEXT    NOT NULL,
    -- It, as it was signed.
    evidence      BLOB    NOT NULL,
    noticed_at_ms INTEGER NOT NULL
) STRICT;

-- The newest version of the vault that this device left on the relay or found there, to be put back where it is missing.
CREATE TABLE own_vault (
    one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    -- Sealed under the recovery words.
    vault   BLOB    NOT NULL
) STRICT;
