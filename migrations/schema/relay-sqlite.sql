-- Generated from the migrations; compared by a test.

CREATE TRIGGER audit_tree_no_delete BEFORE DELETE ON audit_tree BEGIN
    SELECT raise(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_tree_no_update BEFORE UPDATE ON audit_tree BEGIN
    SELECT raise(ABORT, 'the audit log is append-only');
END;

CREATE TABLE audit_tree (
    level    INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE conversation_leaves (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    sequence        INTEGER NOT NULL,
    entry           BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    stored_at_ms    INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, sequence)
) STRICT;

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

CREATE TABLE copies (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1)
) STRICT;

CREATE TABLE devices (
    device_id     BLOB NOT NULL PRIMARY KEY,
    user_id       BLOB NOT NULL REFERENCES users (user_id),
    -- Null while it may act.
    revoked_at_ms INTEGER
) STRICT;

CREATE INDEX devices_by_user ON devices (user_id);

CREATE TABLE encrypted_file_parts (
    file_id    BLOB    NOT NULL REFERENCES encrypted_files (file_id),
    first_byte INTEGER NOT NULL,
    bytes      INTEGER NOT NULL CHECK (bytes > 0),
    -- The name of the object in the store of blobs; each is written once.
    object     TEXT    NOT NULL UNIQUE,
    PRIMARY KEY (file_id, first_byte)
) STRICT, WITHOUT ROWID;

CREATE TABLE encrypted_files (
    -- Chosen by the device that sends it.
    file_id              BLOB    NOT NULL PRIMARY KEY,
    workspace_id         BLOB    NOT NULL REFERENCES workspaces (workspace_id),
    conversation_id      BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    owner_user_id        BLOB    NOT NULL,
    owner_device_id      BLOB    NOT NULL,
    -- Of the ciphertext.
    size_bytes           INTEGER NOT NULL,
    received_bytes       INTEGER NOT NULL CHECK (received_bytes BETWEEN 0 AND size_bytes),
    -- How many parts are in the store of blobs.
    parts                INTEGER NOT NULL,
    -- A revoked file is kept as a name only; its parts go.
    state                TEXT    NOT NULL CHECK (state IN ('uploading', 'ready', 'revoked')),
    -- 1: only those in file_grants and the owner get it; 0: every member of the conversation.
    is_named             INTEGER NOT NULL CHECK (is_named IN (0, 1)),
    view_only            INTEGER NOT NULL CHECK (view_only IN (0, 1)),
    -- Null: no end.
    expires_at_ms        INTEGER,
    created_at_ms        INTEGER NOT NULL,
    -- Null while it comes in.
    finished_at_ms       INTEGER,
    -- When it is given up, if nothing more comes in.
    upload_expires_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX encrypted_files_by_expiry ON encrypted_files (expires_at_ms) WHERE expires_at_ms IS NOT NULL;

CREATE INDEX encrypted_files_by_workspace ON encrypted_files (workspace_id, state, size_bytes);

CREATE INDEX encrypted_files_to_delete ON encrypted_files (file_id) WHERE state = 'revoked' AND parts > 0;

CREATE INDEX encrypted_files_uploading ON encrypted_files (upload_expires_at_ms) WHERE state = 'uploading';

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

CREATE TRIGGER encryption_audit_logs_no_delete BEFORE DELETE ON encryption_audit_logs BEGIN
    SELECT raise(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER encryption_audit_logs_no_update BEFORE UPDATE ON encryption_audit_logs BEGIN
    SELECT raise(ABORT, 'the audit log is append-only');
END;

CREATE TABLE encryption_audit_logs (
    sequence INTEGER NOT NULL PRIMARY KEY,
    entry    BLOB    NOT NULL,
    hash     BLOB    NOT NULL
) STRICT;

CREATE TABLE file_access_logs (
    log_id     INTEGER NOT NULL PRIMARY KEY,
    file_id    BLOB    NOT NULL REFERENCES encrypted_files (file_id),
    user_id    BLOB    NOT NULL,
    device_id  BLOB    NOT NULL,
    action     TEXT    NOT NULL CHECK (action IN ('upload', 'download', 'preview', 'refusal', 'grant', 'revocation')),
    bytes      INTEGER NOT NULL,
    -- Of a refusal: the code.
    reason     TEXT,
    at_ms      INTEGER NOT NULL,
    -- Requests that follow each other closely are one row.
    last_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX file_access_logs_by_file ON file_access_logs (file_id, at_ms);

CREATE TABLE file_grants (
    file_id BLOB NOT NULL REFERENCES encrypted_files (file_id),
    user_id BLOB NOT NULL,
    PRIMARY KEY (file_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE generations (
    number     INTEGER NOT NULL PRIMARY KEY,
    generation BLOB    NOT NULL
) STRICT;

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

CREATE TABLE group_devices (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    device_id       BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    -- The place of the commit by which the device came in.
    joined_sequence INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX group_devices_by_device ON group_devices (device_id, conversation_id);

CREATE TABLE group_members (
    conversation_id BLOB NOT NULL REFERENCES group_conversations (conversation_id),
    user_id         BLOB NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'read_only', 'guest')),
    -- The place of the entry by which the user came in: what was said before it is not for the user's devices.
    joined_sequence INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX group_members_by_user ON group_members (user_id, conversation_id);

CREATE TABLE group_removals (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    device_id       BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    -- The place of the commit.
    sequence        INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX group_removals_by_user ON group_removals (conversation_id, user_id, sequence);

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

CREATE TABLE known_devices (
    device_id         BLOB    NOT NULL PRIMARY KEY,
    first_login_at_ms INTEGER NOT NULL,
    -- The number of the last log-in: no lower or equal one is taken.
    login_number      INTEGER NOT NULL,
    -- CBOR: that log-in as the device signed it, shown to whoever logs in by the same key.
    last_login        BLOB    NOT NULL
) STRICT;

CREATE TABLE lost_branches (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    device_id       BLOB    NOT NULL,
    branch          BLOB    NOT NULL,
    told_at_ms      INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, device_id)
) STRICT;

CREATE INDEX lost_branches_by_time ON lost_branches (told_at_ms);

CREATE TABLE message_envelopes (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    sequence        INTEGER NOT NULL,
    envelope        BLOB    NOT NULL,
    PRIMARY KEY (conversation_id, sequence)
) STRICT;

CREATE TABLE message_receipts (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    device_id       BLOB    NOT NULL,
    -- The sender's counter in the envelope: an older receipt does not take the place of a newer one.
    counter         INTEGER NOT NULL,
    envelope        BLOB    NOT NULL,
    stored_at_ms    INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, device_id)
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

CREATE INDEX roster_statements_by_device ON roster_statements (device_id, appended_at_ms);

CREATE INDEX roster_statements_by_subject ON roster_statements (subject_id, kind, appended_at_ms);

CREATE TABLE sessions (
    -- SHA-256 of the token.
    token_hash    BLOB    NOT NULL PRIMARY KEY,
    workspace_id  BLOB    NOT NULL REFERENCES workspaces (workspace_id),
    subject_kind  TEXT    NOT NULL CHECK (subject_kind IN ('device', 'invite', 'user')),
    subject_id    BLOB    NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_end ON sessions (expires_at_ms);

CREATE INDEX sessions_by_subject ON sessions (subject_id);

CREATE VIEW standing_devices AS
    SELECT d.device_id, d.user_id, u.workspace_id
    FROM devices d JOIN users u ON u.user_id = d.user_id
    WHERE d.revoked_at_ms IS NULL AND u.status = 'active';

CREATE TABLE user_conversation_keys (
    user_id         BLOB    NOT NULL,
    conversation_id BLOB    NOT NULL,
    epoch           INTEGER NOT NULL,
    wrapped_key     BLOB    NOT NULL,
    PRIMARY KEY (user_id, conversation_id, epoch)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE users (
    user_id      BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (workspace_id),
    role         TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'read_only', 'guest')),
    status       TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'removed'))
) STRICT;

CREATE TABLE vaults (
    user_id   BLOB    NOT NULL,
    version   INTEGER NOT NULL,
    vault     BLOB    NOT NULL,
    device_id BLOB    NOT NULL,
    signature BLOB    NOT NULL,
    PRIMARY KEY (user_id, version)
) STRICT;

CREATE TABLE video_call_guest_links (
    -- Chosen by the device that makes it.
    link_id         BLOB    NOT NULL PRIMARY KEY,
    workspace_id    BLOB    NOT NULL REFERENCES workspaces (workspace_id),
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    -- The call may begin later than the link.
    call_id         BLOB    NOT NULL,
    -- Who made it.
    user_id         BLOB    NOT NULL,
    device_id       BLOB    NOT NULL,
    is_single_use   INTEGER NOT NULL CHECK (is_single_use IN (0, 1)),
    created_at_ms   INTEGER NOT NULL,
    expires_at_ms   INTEGER NOT NULL,
    revoked_at_ms   INTEGER,
    -- Of a link of single use: the browser that was admitted.
    used_by         BLOB
) STRICT;

CREATE INDEX video_call_guest_links_by_call ON video_call_guest_links (call_id);

CREATE INDEX video_call_guest_links_by_conversation ON video_call_guest_links (conversation_id, expires_at_ms);

CREATE TABLE video_call_participants (
    participation_id INTEGER NOT NULL PRIMARY KEY,
    call_id          BLOB    NOT NULL REFERENCES video_calls (call_id),
    -- A member with a device, or a guest.
    user_id          BLOB,
    device_id        BLOB,
    guest_id         BLOB,
    joined_at_ms     INTEGER NOT NULL,
    -- When the device or browser last said that it is still there.
    seen_at_ms       INTEGER NOT NULL,
    left_at_ms       INTEGER,
    CHECK ((user_id IS NULL) = (device_id IS NULL) AND (device_id IS NULL) = (guest_id IS NOT NULL))
) STRICT;

CREATE INDEX video_call_participants_by_call ON video_call_participants (call_id, joined_at_ms);

CREATE INDEX video_call_participants_by_sight ON video_call_participants (seen_at_ms) WHERE left_at_ms IS NULL;

CREATE UNIQUE INDEX video_call_participants_guest ON video_call_participants (call_id, guest_id) WHERE left_at_ms IS NULL;

CREATE UNIQUE INDEX video_call_participants_present ON video_call_participants (call_id, device_id) WHERE left_at_ms IS NULL;

CREATE TABLE video_calls (
    -- Chosen by the device that calls.
    call_id         BLOB    NOT NULL PRIMARY KEY,
    workspace_id    BLOB    NOT NULL REFERENCES workspaces (workspace_id),
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    started_at_ms   INTEGER NOT NULL,
    -- When the last one left; null while somebody is in it.
    ended_at_ms     INTEGER
) STRICT;

CREATE INDEX video_calls_by_conversation ON video_calls (conversation_id, started_at_ms);

CREATE INDEX video_calls_open ON video_calls (call_id) WHERE ended_at_ms IS NULL;

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

CREATE TABLE workspaces (
    workspace_id  BLOB    NOT NULL PRIMARY KEY,
    created_at_ms INTEGER NOT NULL
) STRICT;
