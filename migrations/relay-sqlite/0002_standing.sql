-- What the roster says of people and devices, beside the data that it guards: the database refuses a device that does not stand.
-- An id belongs to one workspace of this relay, for ever.

CREATE TABLE users (
    user_id      BLOB NOT NULL PRIMARY KEY,
    workspace_id BLOB NOT NULL REFERENCES workspaces (workspace_id),
    role         TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'read_only', 'guest')),
    status       TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'removed'))
) STRICT;

CREATE TABLE devices (
    device_id     BLOB NOT NULL PRIMARY KEY,
    user_id       BLOB NOT NULL REFERENCES users (user_id),
    -- Null while it may act.
    revoked_at_ms INTEGER
) STRICT;

CREATE INDEX devices_by_user ON devices (user_id);

-- Those who may act, now.
CREATE VIEW standing_devices AS
    SELECT d.device_id, d.user_id, u.workspace_id
    FROM devices d JOIN users u ON u.user_id = d.user_id
    WHERE d.revoked_at_ms IS NULL AND u.status = 'active';
