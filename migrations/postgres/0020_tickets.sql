-- Tickets for sockets of pages that cannot send a header: each opens one socket, within half a minute, and is deleted by
-- that. Only hashes are kept. The rest is what the access token said that the ticket stands for.
CREATE TABLE ws_tickets (
    hash             TEXT PRIMARY KEY,
    user_id          UUID NOT NULL,
    role             TEXT NOT NULL,
    token_id         UUID NOT NULL,
    session_id       UUID NOT NULL,
    issued_at        BIGINT NOT NULL,
    token_expires_at BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL
);

CREATE INDEX ws_tickets_expiring ON ws_tickets (expires_at);
