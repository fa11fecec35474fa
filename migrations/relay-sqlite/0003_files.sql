-- Files: which ciphertext lies where, who gets it, and who got it. Neither name nor key of a file is here.

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

CREATE INDEX encrypted_files_by_workspace ON encrypted_files (workspace_id, state, size_bytes);
CREATE INDEX encrypted_files_by_expiry ON encrypted_files (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
-- Those whose parts are still to be deleted.
CREATE INDEX encrypted_files_to_delete ON encrypted_files (file_id) WHERE state = 'revoked' AND parts > 0;
CREATE INDEX encrypted_files_uploading ON encrypted_files (upload_expires_at_ms) WHERE state = 'uploading';

CREATE TABLE encrypted_file_parts (
    file_id    BLOB    NOT NULL REFERENCES encrypted_files (file_id),
    first_byte INTEGER NOT NULL,
    bytes      INTEGER NOT NULL CHECK (bytes > 0),
    -- The name of the object in the store of blobs; each is written once.
    object     TEXT    NOT NULL UNIQUE,
    PRIMARY KEY (file_id, first_byte)
) STRICT, WITHOUT ROWID;

CREATE TABLE file_grants (
    file_id BLOB NOT NULL REFERENCES encrypted_files (file_id),
    user_id BLOB NOT NULL,
    PRIMARY KEY (file_id, user_id)
) STRICT, WITHOUT ROWID;

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
