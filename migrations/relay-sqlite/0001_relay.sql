-- What a relay keeps. Nothing in it can be read without keys that never come here.
-- Ids are 16-byte UUIDs, hashes 32 bytes, times milliseconds since the epoch.

CREATE TABLE workspaces (
    workspace_id  BLOB    NOT NULL PRIMARY KEY,
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE roster_statements (
    workspace_id   BLOB    NOT NULL REFERENCES workspaces (workspace_id),
    sequence       INTEGER NOT NULL,
    statement      BLOB    NOT NULL,
    -- As what the limits in time count it: its kind, or 'renewal'.
    kind           TEXT    NOT NULL,
    -- The device or user that it is about; null where no limit asks.
    subject_id     BLOB,
    -- The device that sent it; null for who joins or begins a workspace.
    device_id      BLOB,
    -- By the relay's own clock: the statement's time is its signer's.
    appended_at_ms INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, sequence)
) STRICT;

CREATE INDEX roster_statements_by_subject ON roster_statements (subject_id, kind, appended_at_ms);
CREATE INDEX roster_statements_by_device ON roster_statements (device_id, appended_at_ms);

-- Public keys, as the roster says: identity keys of users and message keys of devices.
CREATE TABLE user_encryption_keys (
    workspace_id  BLOB    NOT NULL REFERENCES workspaces (workspace_id),
    user_id       BLOB    NOT NULL,
    -- Null for an identity key.
    device_id     BLOB,
    kind          TEXT    NOT NULL CHECK (kind IN ('identity', 'device')),
    public_key    BLOB    NOT NULL PRIMARY KEY,
    fingerprint   BLOB    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    -- Set when the key was rotated or revoked.
    ended_at_ms   INTEGER
) STRICT;

CREATE INDEX user_encryption_keys_by_user ON user_encryption_keys (user_id);

-- Devices that proved the identity key of their user at their first log-in, and the last log-in of each.
CREATE TABLE known_devices (
    device_id         BLOB    NOT NULL PRIMARY KEY,
    first_login_at_ms INTEGER NOT NULL,
    -- The number of the last log-in: no lower or equal one is taken.
    login_number      INTEGER NOT NULL,
    -- CBOR: that log-in as the device signed it, shown to whoever logs in by the same key.
    last_login        BLOB    NOT NULL
) STRICT;

CREATE TABLE sessions (
    -- SHA-256 of the token.
    token_hash    BLOB    NOT NULL PRIMARY KEY,
    workspace_id  BLOB    NOT NULL REFERENCES workspaces (workspace_id),
    subject_kind  TEXT    NOT NULL CHECK (subject_kind IN ('device', 'invite', 'user')),
    subject_id    BLOB    NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_subject ON sessions (subject_id);
CREATE INDEX sessions_by_end ON sessions (expires_at_ms);

CREATE TABLE key_packages (
    id           INTEGER NOT NULL PRIMARY KEY,
    device_id    BLOB    NOT NULL,
    suite        INTEGER NOT NULL,
    last_resort  INTEGER NOT NULL CHECK (last_resort IN (0, 1)),
    key_package  BLOB    NOT NULL,
    -- As its device says.
    not_after_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX key_packages_by_device ON key_packages (device_id, suite, last_resort);

CREATE TABLE group_conversations (
    conversation_id BLOB    NOT NULL PRIMARY KEY,
    workspace_id    BLOB    NOT NULL REFERENCES workspaces (workspace_id),
    suite           INTEGER NOT NULL,
    epoch           INTEGER NOT NULL,
    -- Where its log ends.
    last_sequence   INTEGER NOT NULL,
    last_hash       BLOB    NOT NULL,
    -- The newest roster statement that its newest entry is stamped with.
    last_roster     INTEGER NOT NULL,
    -- Entry 1 of its log.
    begin           BLOB    NOT NULL,
    -- Of the newest epoch, for external commits.
    group_info      BLOB    NOT NULL,
    -- The group of the newest epoch as an observer sees it, by which the next commit is judged.
    observer        BLOB    NOT NULL,
    created_at_ms   INTEGER NOT NULL
) STRICT;

CREATE TABLE group_members (
    conversation_id BLOB NOT NULL REFERENCES group_conversations (conversation_id),
    user_id         BLOB NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'read_only', 'guest')),
    -- The place of the entry by which the user came in: what was said before it is not for the user's devices.
    joined_sequence INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX group_members_by_user ON group_members (user_id, conversation_id);

CREATE TABLE group_devices (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    device_id       BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    -- The place of the commit by which the device came in.
    joined_sequence INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX group_devices_by_device ON group_devices (device_id, conversation_id);

-- Devices that a commit removed. Their users may see the log up to it, and judge it.
CREATE TABLE group_removals (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    device_id       BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    -- The place of the commit.
    sequence        INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX group_removals_by_user ON group_removals (conversation_id, user_id, sequence);

-- The log of each conversation: what came, when, and the chain over it. The bytes of an entry are in the table of its kind.
CREATE TABLE conversation_log (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    sequence        INTEGER NOT NULL,
    -- The number of its kind (protocol, EntryKind).
    kind            INTEGER NOT NULL,
    stored_at_ms    INTEGER NOT NULL,
    -- The newest roster statement then; it never falls.
    roster          INTEGER NOT NULL,
    -- Of its bytes.
    sha256          BLOB    NOT NULL,
    -- The chain behind it.
    hash            BLOB    NOT NULL,
    PRIMARY KEY (conversation_id, sequence)
) STRICT, WITHOUT ROWID;

-- The commits: which keys a conversation went through. The keys themselves are nowhere here.
CREATE TABLE conversation_encryption_keys (
    conversation_id     BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    -- The epoch that the commit ended.
    epoch               INTEGER NOT NULL,
    sequence            INTEGER NOT NULL,
    entry               BLOB    NOT NULL,
    committer_device_id BLOB    NOT NULL,
    stored_at_ms        INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, epoch)
) STRICT, WITHOUT ROWID;

CREATE INDEX conversation_encryption_keys_by_device ON conversation_encryption_keys (conversation_id, committer_device_id, stored_at_ms);

-- The entries by which users left.
CREATE TABLE conversation_leaves (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    sequence        INTEGER NOT NULL,
    entry           BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    stored_at_ms    INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, sequence)
) STRICT;

CREATE TABLE welcomes (
    device_id       BLOB    NOT NULL,
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    epoch           INTEGER NOT NULL,
    welcome         BLOB    NOT NULL,
    -- The place of the commit that adds the device.
    sequence        INTEGER NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    PRIMARY KEY (device_id, conversation_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE encrypted_message_metadata (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    sequence        INTEGER NOT NULL,
    -- A message is known by its device and its id, and has one place in the chain of its device.
    device_id       BLOB    NOT NULL,
    message_id      BLOB    NOT NULL,
    counter         INTEGER NOT NULL,
    epoch           INTEGER NOT NULL,
    size_bytes      INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, sequence),
    UNIQUE (conversation_id, device_id, message_id),
    UNIQUE (conversation_id, device_id, counter)
) STRICT, WITHOUT ROWID;

CREATE TABLE message_envelopes (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    sequence        INTEGER NOT NULL,
    envelope        BLOB    NOT NULL,
    PRIMARY KEY (conversation_id, sequence)
) STRICT;

-- The newest receipt of each device.
CREATE TABLE message_receipts (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    device_id       BLOB    NOT NULL,
    -- The sender's counter in the envelope: an older receipt does not take the place of a newer one.
    counter         INTEGER NOT NULL,
    envelope        BLOB    NOT NULL,
    stored_at_ms    INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, device_id)
) STRICT;

-- Epoch keys as each user's devices keep them for each other: wrapped under a key that never comes here.
CREATE TABLE user_conversation_keys (
    user_id         BLOB    NOT NULL,
    conversation_id BLOB    NOT NULL,
    epoch           INTEGER NOT NULL,
    wrapped_key     BLOB    NOT NULL,
    PRIMARY KEY (user_id, conversation_id, epoch)
) STRICT, WITHOUT ROWID;

-- The newest three versions of each user's vault, each signed by a device of the user.
CREATE TABLE vaults (
    user_id   BLOB    NOT NULL,
    version   INTEGER NOT NULL,
    vault     BLOB    NOT NULL,
    device_id BLOB    NOT NULL,
    signature BLOB    NOT NULL,
    PRIMARY KEY (user_id, version)
) STRICT;

-- Append-only; each entry's hash covers the one before.
CREATE TABLE encryption_audit_logs (
    sequence INTEGER NOT NULL PRIMARY KEY,
    entry    BLOB    NOT NULL,
    hash     BLOB    NOT NULL
) STRICT;

-- Whole subtrees of the Merkle tree over the entries (RFC 6962): 2^level entries, from the entry position * 2^level + 1 on.
CREATE TABLE audit_tree (
    level    INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER encryption_audit_logs_no_update BEFORE UPDATE ON encryption_audit_logs BEGIN
    SELECT raise(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER encryption_audit_logs_no_delete BEFORE DELETE ON encryption_audit_logs BEGIN
    SELECT raise(ABORT, 'the audit log is append-only');
END;

-- One life of this data: a relay that is put back from a copy begins another one.
CREATE TABLE generations (
    number     INTEGER NOT NULL PRIMARY KEY,
    generation BLOB    NOT NULL
) STRICT;
CREATE TRIGGER audit_tree_no_update BEFORE UPDATE ON audit_tree BEGIN
    SELECT raise(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_tree_no_delete BEFORE DELETE ON audit_tree BEGIN
    SELECT raise(ABORT, 'the audit log is append-only');
END;
