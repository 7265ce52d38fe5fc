-- Where somebody's money goes: encrypted with a key that is not in this database, and what may be shown of it.
CREATE TABLE payout_details (
    user_id      UUID PRIMARY KEY,
    -- A keyed digest: says whether they are others than before, and nothing else.
    fingerprint  TEXT NOT NULL,
    -- Money that goes there waits until then, because it was another place before.
    payable_from BIGINT NOT NULL
);

-- `method` is what may be shown of the details; those themselves are sealed.
ALTER TABLE withdrawals ADD COLUMN details TEXT;
-- Not before: new details wait, so that their owner can object.
ALTER TABLE withdrawals ADD COLUMN payable_from BIGINT NOT NULL DEFAULT 0;
-- The first of the two operators whom a large one needs. It stays queued for the second.
ALTER TABLE withdrawals ADD COLUMN approved_at BIGINT;
ALTER TABLE withdrawals ADD COLUMN approved_by UUID;
-- Under which number it was sent, or why not.
ALTER TABLE withdrawals ADD COLUMN note TEXT;
