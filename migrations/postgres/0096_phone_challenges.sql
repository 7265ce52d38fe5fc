-- What somebody asks for (a challenge) and what reaches the phone (a code) are two things: whoever asks soon after another one
-- gets a challenge for the code that is there.

-- Whom it is counted against: an address, or a device that is known; and the network and the country that pay for it.
ALTER TABLE phone_codes ADD COLUMN asker TEXT;
ALTER TABLE phone_codes ADD COLUMN network TEXT;
ALTER TABLE phone_codes ADD COLUMN country TEXT;
-- Whether a code was sent for it; otherwise it is for the code of another row.
ALTER TABLE phone_codes ADD COLUMN sent BIGINT NOT NULL DEFAULT 1;
ALTER TABLE phone_codes ADD COLUMN code_id UUID;
ALTER TABLE phone_codes ADD COLUMN digits BIGINT NOT NULL DEFAULT 6;
-- Whether the reserve for numbers that have signed in before has paid for it.
ALTER TABLE phone_codes ADD COLUMN reserve BIGINT NOT NULL DEFAULT 0;
-- Guesses of all together at the code.
ALTER TABLE phone_codes ADD COLUMN guesses BIGINT NOT NULL DEFAULT 0;

-- Guesses without a challenge, by who guesses: a stranger uses up only what is theirs.
CREATE TABLE phone_guesses (
    code_id  UUID NOT NULL,
    asker    TEXT NOT NULL,
    phone    TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    PRIMARY KEY (code_id, asker),
    CONSTRAINT phone_guesses_attempts_bounded CHECK (attempts >= 0 AND attempts <= 5)
);

CREATE INDEX phone_guesses_of_phone ON phone_guesses (phone, asker);
CREATE INDEX phone_guesses_by_age ON phone_guesses (last_at);
