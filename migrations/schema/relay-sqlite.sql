-- Generated from the migrations; compared by a test.

CREATE TABLE conversation_encryption_keys (
    conversation_id     BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    -- The epoch that the commit ended.
    epoch               INTEGER NOT NULL,
    suite               INTEGER NOT NULL,
    commit_message      BLOB    NOT NULL,
    committer_device_id BLOB    NOT NULL,
    -- CBOR: members and devices after it, as uploaded.
    members             BLOB    NOT NULL,
    devices             BLOB    NOT NULL,
    created_at_ms       INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, epoch)
) STRICT, WITHOUT ROWID;

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
    message_id      BLOB    NOT NULL,
    device_id       BLOB    NOT NULL,
    epoch           INTEGER NOT NULL,
    sha256          BLOB    NOT NULL,
    size_bytes      INTEGER NOT NULL,
    stored_at_ms    INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, sequence),
    UNIQUE (conversation_id, message_id)
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

CREATE TABLE group_conversations (
    conversation_id BLOB    NOT NULL PRIMARY KEY,
    workspace_id    BLOB    NOT NULL REFERENCES workspaces (workspace_id),
    suite           INTEGER NOT NULL,
    epoch           INTEGER NOT NULL,
    last_sequence   INTEGER NOT NULL,
    group_info      BLOB    NOT NULL,
    ratchet_tree    BLOB    NOT NULL,
    created_at_ms   INTEGER NOT NULL
) STRICT;

CREATE TABLE group_devices (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    device_id       BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    -- Messages up to here were sent before the device came in.
    joined_sequence INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX group_devices_by_device ON group_devices (device_id);

CREATE TABLE group_members (
    conversation_id BLOB NOT NULL REFERENCES group_conversations (conversation_id),
    user_id         BLOB NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'read_only', 'guest')),
    PRIMARY KEY (conversation_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_packages (
    id          INTEGER NOT NULL PRIMARY KEY,
    device_id   BLOB    NOT NULL,
    suite       INTEGER NOT NULL,
    last_resort INTEGER NOT NULL CHECK (last_resort IN (0, 1)),
    key_package BLOB    NOT NULL
) STRICT;

CREATE INDEX key_packages_by_device ON key_packages (device_id, suite, last_resort);

CREATE TABLE known_devices (
    device_id         BLOB    NOT NULL PRIMARY KEY,
    first_login_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE message_envelopes (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    sequence        INTEGER NOT NULL,
    envelope        BLOB    NOT NULL,
    PRIMARY KEY (conversation_id, sequence)
) STRICT;

CREATE TABLE message_receipts (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    device_id       BLOB    NOT NULL,
    envelope        BLOB    NOT NULL,
    stored_at_ms    INTEGER NOT NULL, counter INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation_id, device_id)
) STRICT;

CREATE TABLE roster_statements (
    workspace_id BLOB    NOT NULL REFERENCES workspaces (workspace_id),
    sequence     INTEGER NOT NULL,
    statement    BLOB    NOT NULL,
    PRIMARY KEY (workspace_id, sequence)
) STRICT;

CREATE TABLE sessions (
    -- SHA-256 of the token.
    token_hash    BLOB    NOT NULL PRIMARY KEY,
    workspace_id  BLOB    NOT NULL REFERENCES workspaces (workspace_id),
    subject_kind  TEXT    NOT NULL CHECK (subject_kind IN ('device', 'invite')),
    subject_id    BLOB    NOT NULL,
    expires_at_ms INTEGER NOT NULL
) STRICT;

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
    user_id BLOB NOT NULL PRIMARY KEY,
    vault   BLOB NOT NULL
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

CREATE TABLE "video_call_participants" (
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

CREATE TABLE welcomes (
    device_id       BLOB    NOT NULL,
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    epoch           INTEGER NOT NULL,
    welcome         BLOB    NOT NULL,
    ratchet_tree    BLOB    NOT NULL,
    last_sequence   INTEGER NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    PRIMARY KEY (device_id, conversation_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE workspaces (
    workspace_id  BLOB    NOT NULL PRIMARY KEY,
    created_at_ms INTEGER NOT NULL
) STRICT;
