-- Two people and what they say to each other. Everything that is guarded stands in one row, which a writer takes
-- first: so both see one order, and what is unread is arithmetic.
CREATE TABLE chats (
    id         BLOB PRIMARY KEY,
    -- In the order of their ids: one chat for a pair, no matter who opens it.
    user_a     BLOB NOT NULL REFERENCES users (id),
    user_b     BLOB NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    top        INTEGER NOT NULL DEFAULT 0,
    -- How many messages each has sent, the number of the last one that each has read, and how many of the other's.
    sent_a     INTEGER NOT NULL DEFAULT 0,
    sent_b     INTEGER NOT NULL DEFAULT 0,
    read_to_a  INTEGER NOT NULL DEFAULT 0,
    read_to_b  INTEGER NOT NULL DEFAULT 0,
    read_a     INTEGER NOT NULL DEFAULT 0,
    read_b     INTEGER NOT NULL DEFAULT 0,
    -- Since when each wants no words of the other.
    blocked_a  INTEGER,
    blocked_b  INTEGER,
    -- Who has written to a stranger here, and when: counted for a day.
    cold_by    BLOB,
    cold_at    INTEGER,
    CONSTRAINT chats_pair_in_order CHECK (user_a < user_b),
    CONSTRAINT chats_messages_add_up CHECK (top = sent_a + sent_b),
    CONSTRAINT chats_read_what_is_there CHECK (
        read_to_a <= top AND read_to_b <= top AND read_a <= sent_b AND read_b <= sent_a
    )
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX chats_one_per_pair ON chats (user_a, user_b);
CREATE INDEX chats_of_a ON chats (user_a, updated_at, id);
CREATE INDEX chats_of_b ON chats (user_b, updated_at, id);
CREATE INDEX chats_cold ON chats (cold_by, cold_at) WHERE cold_by IS NOT NULL;

-- Messages, numbered within their chat. Ids begin with the time.
CREATE TABLE chat_messages (
    chat_id    BLOB NOT NULL REFERENCES chats (id),
    seq        INTEGER NOT NULL,
    id         BLOB NOT NULL,
    sender     BLOB NOT NULL,
    -- Its number among those of its sender.
    nth        INTEGER NOT NULL,
    -- What the sender's device calls it: sent again, it is the same message.
    client_id  TEXT,
    content    TEXT NOT NULL,
    -- What the other one sees, if that is something else, and why.
    shown      TEXT,
    masked     TEXT NOT NULL,
    warnings   TEXT NOT NULL,
    picture    BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (chat_id, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX chat_messages_by_id ON chat_messages (id);
CREATE INDEX chat_messages_of_sender ON chat_messages (sender, id);
CREATE UNIQUE INDEX chat_messages_sent_once ON chat_messages (chat_id, sender, client_id) WHERE client_id IS NOT NULL;
CREATE UNIQUE INDEX chat_messages_picture_once ON chat_messages (picture) WHERE picture IS NOT NULL;

-- A word to the operators about somebody, with what was said by then: later changes do not reach it.
CREATE TABLE chat_reports (
    id         BLOB PRIMARY KEY,
    chat_id    BLOB NOT NULL REFERENCES chats (id),
    reporter   BLOB NOT NULL,
    accused    BLOB NOT NULL,
    message_id BLOB,
    reason     TEXT NOT NULL,
    evidence   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    decision   TEXT,
    note       TEXT,
    decided_at INTEGER,
    decided_by BLOB,
    CONSTRAINT chat_reports_decision_known CHECK (decision IN ('dismissed', 'upheld')),
    CONSTRAINT chat_reports_decided_whole CHECK (
        (decision IS NULL) = (decided_at IS NULL) AND (decision IS NULL) = (decided_by IS NULL)
    )
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX chat_reports_open_once ON chat_reports (chat_id, reporter) WHERE decision IS NULL;
CREATE INDEX chat_reports_open ON chat_reports (id) WHERE decision IS NULL;
CREATE INDEX chat_reports_decided ON chat_reports (decided_at) WHERE decision IS NOT NULL;

-- People whose words are to be erased, a little at a time.
CREATE TABLE chat_erasures (
    user_id BLOB PRIMARY KEY,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
