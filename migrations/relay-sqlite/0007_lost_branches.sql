-- What devices tell of stretches of logs that this relay lost when it was put back from a copy, until somebody who acts as owner answers.
CREATE TABLE lost_branches (
    conversation_id BLOB    NOT NULL REFERENCES group_conversations (conversation_id),
    device_id       BLOB    NOT NULL,
    branch          BLOB    NOT NULL,
    told_at_ms      INTEGER NOT NULL,
    PRIMARY KEY (conversation_id, device_id)
) STRICT;

CREATE INDEX lost_branches_by_time ON lost_branches (told_at_ms);
