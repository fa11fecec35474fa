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

CREATE TABLE video_call_participants (
    participation_id INTEGER NOT NULL PRIMARY KEY,
    call_id          BLOB    NOT NULL REFERENCES video_calls (call_id),
    user_id          BLOB    NOT NULL,
    device_id        BLOB    NOT NULL,
    joined_at_ms     INTEGER NOT NULL,
    -- When the device last said that it is still there.
    seen_at_ms       INTEGER NOT NULL,
    left_at_ms       INTEGER
) STRICT;

CREATE INDEX video_call_participants_by_call ON video_call_participants (call_id, joined_at_ms);
-- A device is in a call once.
CREATE UNIQUE INDEX video_call_participants_present ON video_call_participants (call_id, device_id) WHERE left_at_ms IS NULL;
CREATE INDEX video_call_participants_by_sight ON video_call_participants (seen_at_ms) WHERE left_at_ms IS NULL;
