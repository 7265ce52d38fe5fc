-- The terms of a package: codes at the hand-over, and the sender's word that nothing forbidden is inside.

ALTER TABLE packages ADD COLUMN hand_over_codes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE packages ADD COLUMN contents_confirmed INTEGER NOT NULL DEFAULT 0;

-- How often somebody guessed a code. The codes themselves are not stored: they follow from the server's key.
CREATE TABLE hand_over_attempts (
    request_id BLOB NOT NULL REFERENCES requests (id),
    step       TEXT NOT NULL,
    attempts   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    PRIMARY KEY (request_id, step),
    CONSTRAINT hand_over_attempts_step_known CHECK (step IN ('pickup', 'delivery'))
) STRICT, WITHOUT ROWID;
