-- People, their refresh tokens, and the answers kept for repeated calls.

CREATE TABLE users (
    id          UUID PRIMARY KEY,
    telegram_id BIGINT,
    name        TEXT NOT NULL,
    username    TEXT,
    language    TEXT,
    avatar      TEXT,
    role        TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    blocked_at  BIGINT,
    -- One account per Telegram account, however many devices sign in at the same moment.
    CONSTRAINT users_telegram_id_unique UNIQUE (telegram_id),
    CONSTRAINT users_role_known CHECK (role IN ('user', 'dispatcher', 'admin', 'viewer'))
);

-- Only hashes: who reads the table cannot sign in with it. A used token stays until its family is gone, because
-- a second use of it is how a theft shows.
CREATE TABLE refresh_tokens (
    hash       TEXT PRIMARY KEY,
    family     UUID NOT NULL,
    user_id    UUID NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT,
    -- The hash of the token that replaced it.
    successor  TEXT,
    revoked    BIGINT NOT NULL DEFAULT 0,
    CONSTRAINT refresh_tokens_used_once CHECK ((used_at IS NULL) = (successor IS NULL))
);

CREATE INDEX refresh_tokens_of_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_of_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_expiring ON refresh_tokens (expires_at);

-- Answers to calls with an Idempotency-Key. `token` is a fencing number: a call that took longer than its lease
-- and was taken over cannot overwrite the answer of whoever took over.
CREATE TABLE idempotency (
    user_id    UUID NOT NULL,
    route      TEXT NOT NULL,
    key        TEXT NOT NULL,
    body_hash  TEXT NOT NULL,
    token      BIGINT NOT NULL,
    status     BIGINT,
    response   TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, route, key),
    CONSTRAINT idempotency_answer_whole CHECK ((status IS NULL) = (response IS NULL))
);

CREATE INDEX idempotency_by_age ON idempotency (created_at);
