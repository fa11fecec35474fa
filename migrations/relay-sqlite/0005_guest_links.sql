-- Links by which clients come into calls from browsers. The secret of a link is in its fragment, which never comes here.

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

-- Browsers that were admitted are in a call beside members' devices.
CREATE TABLE video_call_participants_new (
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

INSERT INTO video_call_participants_new (participation_id, call_id, user_id, device_id, joined_at_ms, seen_at_ms, left_at_ms)
SELECT participation_id, call_id, user_id, device_id, joined_at_ms, seen_at_ms, left_at_ms FROM video_call_participants;

DROP TABLE video_call_participants;
ALTER TABLE video_call_participants_new RENAME TO video_call_participants;

CREATE INDEX video_call_participants_by_call ON video_call_participants (call_id, joined_at_ms);
-- A device is in a call once, and so is a guest.
CREATE UNIQUE INDEX video_call_participants_present ON video_call_participants (call_id, device_id) WHERE left_at_ms IS NULL;
CREATE UNIQUE INDEX video_call_participants_guest ON video_call_participants (call_id, guest_id) WHERE left_at_ms IS NULL;
CREATE INDEX video_call_participants_by_sight ON video_call_participants (seen_at_ms) WHERE left_at_ms IS NULL;
