-- Stretches of logs that the relay lost with changes that this device had verified, until it follows the log that is there.
CREATE TABLE lost_branches (
    conversation BLOB    NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    -- LostBranch of the protocol, in CBOR.
    branch       BLOB    NOT NULL,
    -- Whether this device is in the group of the log that is there, to do again there what was lost.
    has_returned INTEGER NOT NULL CHECK (has_returned IN (0, 1)),
    -- Where that log ended when it was told; null before.
    told_at      INTEGER
) STRICT;
