-- Accounts of payments: money reserved for packages that wait, the platform's own money, and the outside world behind
-- each provider. A transfer that is about no request says what else it is about: a package, a payment, a withdrawal.
-- SQLite cannot change a constraint: the tables are made anew under their names.
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
        from_kind IN ('available', 'frozen', 'pending', 'reserved', 'fees', 'platform', 'demo_provider',
                     'manual_provider', 'webhook_provider', 'payouts')
        AND (from_user IS NULL) = (from_kind NOT IN ('available', 'frozen', 'pending', 'reserved'))
    ),
    CONSTRAINT transfers_to_known CHECK (
        to_kind IN ('available', 'frozen', 'pending', 'reserved', 'fees', 'platform', 'demo_provider',
                     'manual_provider', 'webhook_provider', 'payouts')
        AND (to_user IS NULL) = (to_kind NOT IN ('available', 'frozen', 'pending', 'reserved'))
    )
) STRICT;
INSERT INTO new_transfers (key, request_id, from_kind, from_user, to_kind, to_user, amount_minor, currency, at)
    SELECT key, request_id, from_kind, from_user, to_kind, to_user, amount_minor, currency, at FROM transfers;
DROP TABLE transfers;
ALTER TABLE new_transfers RENAME TO transfers;
CREATE INDEX transfers_of_request ON transfers (request_id);
CREATE INDEX transfers_from_user ON transfers (from_user, at) WHERE from_user IS NOT NULL;
CREATE INDEX transfers_to_user ON transfers (to_user, at) WHERE to_user IS NOT NULL;
CREATE TABLE new_wallets (
    user_id    BLOB NOT NULL,
    kind       TEXT NOT NULL,
    currency   TEXT NOT NULL,
    balance    INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, kind, currency),
    CONSTRAINT wallets_kind_known CHECK (kind IN ('available', 'frozen', 'pending', 'reserved')),
    CONSTRAINT wallets_not_negative CHECK (balance >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO new_wallets SELECT user_id, kind, currency, balance, updated_at FROM wallets;
DROP TABLE wallets;
ALTER TABLE new_wallets RENAME TO wallets;
CREATE TABLE new_escrows (
    request_id   BLOB PRIMARY KEY REFERENCES requests (id),
    sender       BLOB NOT NULL,
    courier      BLOB NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency     TEXT NOT NULL,
    state        TEXT NOT NULL,
    updated_at   INTEGER NOT NULL,
    CONSTRAINT escrows_state_known CHECK (state IN ('held', 'pending', 'released', 'refunded', 'split')),
    CONSTRAINT escrows_amount_not_negative CHECK (amount_minor >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO new_escrows SELECT request_id, sender, courier, amount_minor, currency, state, updated_at FROM escrows;
DROP TABLE escrows;
ALTER TABLE new_escrows RENAME TO escrows;
CREATE INDEX transfers_of_subject ON transfers (subject) WHERE subject IS NOT NULL;
