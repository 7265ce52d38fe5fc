-- Second factors of operators, guesses at secrets, and codes that are tried under the name of their challenge.

-- What the secret of an authenticator is derived from, together with the server's key: the secret itself is nowhere.
CREATE TABLE second_factors (
    user_id      UUID PRIMARY KEY,
    nonce        TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    -- When its first right code was shown; before that it protects nothing.
    confirmed_at BIGINT,
    -- The time step of the last code: each code is good once.
    last_step    BIGINT NOT NULL DEFAULT 0
);

-- For whoever has lost the authenticator. 112 random bits need no slow hash.
CREATE TABLE recovery_codes (
    user_id UUID NOT NULL,
    hash    TEXT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (user_id, hash)
);

-- How often a secret was guessed in a row, by what was guessed at.
CREATE TABLE guesses (
    subject  TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at  BIGINT NOT NULL
);

CREATE INDEX guesses_by_age ON guesses (last_at);

-- Init data that opened an operator's session: once, although it is good for an hour.
CREATE TABLE used_init_data (
    digest     TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX used_init_data_by_age ON used_init_data (expires_at);

-- When the second factor was shown in a session.
ALTER TABLE sessions ADD COLUMN factor_at BIGINT;

-- Attempts by whoever does not name the challenge. Counted apart: a stranger can use up these only.
ALTER TABLE phone_codes ADD COLUMN blind_attempts BIGINT NOT NULL DEFAULT 0
    CONSTRAINT phone_codes_blind_attempts_bounded CHECK (blind_attempts >= 0 AND blind_attempts <= 5);
