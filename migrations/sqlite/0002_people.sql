-- People, their refresh tokens, and the answers kept for repeated calls.

CREATE TABLE users (
    id          BLOB PRIMARY KEY,
    telegram_id INTEGER,
    name        TEXT NOT NULL,
    username    TEXT,
    language    TEXT,
    avatar      TEXT,
    role        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    blocked_at  INTEGER,
    -- One account per Telegram account, however many devices sign in at the same moment.
    CONSTRAINT users_telegram_id_unique UNIQUE (telegram_id),
    CONSTRAINT users_role_known CHECK (role IN ('user', 'dispatcher', 'admin', 'viewer'))
) STRICT;

-- Only hashes: who reads the table cannot sign in with it. A used token stays until its family is gone, because
-- a second use of it is how a theft shows.
CREATE TABLE refresh_tokens (
    hash       TEXT PRIMARY KEY,
    family     BLOB NOT NULL,
    user_id    BLOB NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER,
    -- The hash of the token that replaced it.
    successor  TEXT,
    revoked    INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT refresh_tokens_used_once CHECK ((used_at IS NULL) = (successor IS NULL))
) STRICT;

CREATE INDEX refresh_tokens_of_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_of_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_expiring ON refresh_tokens (expires_at);

-- Answers to calls with an Idempotency-Key. `token` is a fencing number: a call that took longer than its lease
-- and was taken over cannot overwrite the answer of whoever took over.
CREATE TABLE idempotency (
    user_id    BLOB NOT NULL,
    route      TEXT NOT NULL,
    key        TEXT NOT NULL,
    body_hash  TEXT NOT NULL,
    token      INTEGER NOT NULL,
    status     INTEGER,
    response   TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, route, key),
    CONSTRAINT idempotency_answer_whole CHECK ((status IS NULL) = (response IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (created_at);
