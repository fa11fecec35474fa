-- Of the same bytes the first that count are the message: the others are found by their hash.
CREATE INDEX spine_by_bytes ON spine (conversation, sha256);
