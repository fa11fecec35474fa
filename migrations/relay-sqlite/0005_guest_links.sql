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
CREATE INDEX video_call_guest_links_by_conversation ON video_call_guest_links (conversation_id, expires_at_ms);
