-- Who is who: sessions, phone codes, operators, accounts that are to be deleted.

-- One sign-in on one device; its refresh tokens are the family of the same id. Access tokens name it, so ending it
-- ends them: every node looks for sessions that were revoked lately.
CREATE TABLE sessions (
    id           UUID PRIMARY KEY,
    user_id      UUID NOT NULL,
    device       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    revoked_at   BIGINT
);

CREATE INDEX sessions_of_user ON sessions (user_id, created_at) WHERE revoked_at IS NULL;
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- Codes sent to phones: only salted slow hashes of them.
CREATE TABLE phone_codes (
    id         UUID PRIMARY KEY,
    phone      TEXT NOT NULL,
    code_hash  TEXT NOT NULL,
    address    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    attempts   BIGINT NOT NULL DEFAULT 0,
    used_at    BIGINT,
    CONSTRAINT phone_codes_attempts_bounded CHECK (attempts >= 0 AND attempts <= 5)
);

CREATE INDEX phone_codes_of_phone ON phone_codes (phone, created_at);
CREATE INDEX phone_codes_of_address ON phone_codes (address, created_at);
CREATE INDEX phone_codes_by_age ON phone_codes (created_at);

ALTER TABLE users ADD COLUMN phone TEXT;
CREATE UNIQUE INDEX users_by_phone ON users (phone) WHERE phone IS NOT NULL;
-- Operators sign in with a name and a password.
ALTER TABLE users ADD COLUMN login TEXT;
ALTER TABLE users ADD COLUMN password_hash TEXT;
CREATE UNIQUE INDEX users_by_login ON users (login) WHERE login IS NOT NULL;
-- When the owner asked for the account to be deleted; after a week what names them is gone.
ALTER TABLE users ADD COLUMN deleted_at BIGINT;
ALTER TABLE users ADD COLUMN erased_at BIGINT;
CREATE INDEX users_to_erase ON users (deleted_at) WHERE deleted_at IS NOT NULL AND erased_at IS NULL;

-- A link that makes the first administrator, once.
CREATE TABLE invitations (
    hash       TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);
