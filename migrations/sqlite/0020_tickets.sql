-- Tickets for sockets of pages that cannot send a header: each opens one socket, within half a minute, and is deleted by
-- that. Only hashes are kept. The rest is what the access token said that the ticket stands for.
CREATE TABLE ws_tickets (
    hash             TEXT PRIMARY KEY,
    user_id          BLOB NOT NULL,
    role             TEXT NOT NULL,
    token_id         BLOB NOT NULL,
    session_id       BLOB NOT NULL,
    issued_at        INTEGER NOT NULL,
    token_expires_at INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL
) STRICT;

CREATE INDEX ws_tickets_expiring ON ws_tickets (expires_at);
