-- The places that somebody has named for their money: one that was named before is not new, whatever was named in
-- between. payout_details has the last one alone. It is still written, for the version before, which reads nothing else.
CREATE TABLE payout_places (
    user_id      BLOB NOT NULL,
    -- As in payout_details.
    fingerprint  TEXT NOT NULL,
    payable_from INTEGER NOT NULL,
    -- When it was named last: of many the latest are kept.
    named_at     INTEGER NOT NULL,
    PRIMARY KEY (user_id, fingerprint)
) STRICT, WITHOUT ROWID;
