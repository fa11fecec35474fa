-- Calls: who was in one and when. Neither what was said nor a key of it is here.

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

-- Members' devices, and browsers that were admitted by a link.
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
-- A device is in a call once, and so is a guest.
CREATE UNIQUE INDEX video_call_participants_present ON video_call_participants (call_id, device_id) WHERE left_at_ms IS NULL;
CREATE UNIQUE INDEX video_call_participants_guest ON video_call_participants (call_id, guest_id) WHERE left_at_ms IS NULL;
CREATE INDEX video_call_participants_by_sight ON video_call_participants (seen_at_ms) WHERE left_at_ms IS NULL;
