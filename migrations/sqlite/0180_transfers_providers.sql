-- Any provider is the outside world: another one changes no constraint.
-- SQLite cannot change a constraint: the table is made anew under its name.
CREATE TABLE new_transfers (
    key          TEXT PRIMARY KEY,
    request_id   BLOB REFERENCES requests (id),
    from_kind    TEXT NOT NULL,
    from_user    BLOB,
    to_kind      TEXT NOT NULL,
    to_user      BLOB,
    amount_minor INTEGER NOT NULL,
    currency     TEXT NOT NULL,
    at           INTEGER NOT NULL,
    subject      BLOB,
    CONSTRAINT transfers_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT transfers_from_known CHECK (
        (from_kind IN ('available', 'frozen', 'pending', 'reserved', 'fees', 'platform', 'payouts')
            OR from_kind GLOB '*_provider')
        AND (from_user IS NULL) = (from_kind NOT IN ('available', 'frozen', 'pending', 'reserved'))
    ),
    CONSTRAINT transfers_to_known CHECK (
        (to_kind IN ('available', 'frozen', 'pending', 'reserved', 'fees', 'platform', 'payouts')
            OR to_kind GLOB '*_provider')
        AND (to_user IS NULL) = (to_kind NOT IN ('available', 'frozen', 'pending', 'reserved'))
    )
) STRICT;
INSERT INTO new_transfers (key, request_id, from_kind, from_user, to_kind, to_user, amount_minor, currency, at, subject)
    SELECT key, request_id, from_kind, from_user, to_kind, to_user, amount_minor, currency, at, subject FROM transfers;
DROP TABLE transfers;
ALTER TABLE new_transfers RENAME TO transfers;
CREATE INDEX transfers_of_request ON transfers (request_id);
CREATE INDEX transfers_from_user ON transfers (from_user, at) WHERE from_user IS NOT NULL;
CREATE INDEX transfers_to_user ON transfers (to_user, at) WHERE to_user IS NOT NULL;
CREATE INDEX transfers_of_subject ON transfers (subject) WHERE subject IS NOT NULL;
