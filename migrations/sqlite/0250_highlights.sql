-- Highlights, paid for in Telegram Stars: a payment may be for one, and names the trip or the package.
-- SQLite cannot change a constraint: the table is made anew under its name, and with it those that refer to it.
CREATE TABLE new_payments (
    id           BLOB PRIMARY KEY,
    user_id      BLOB NOT NULL,
    purpose      TEXT NOT NULL,
    package_id   BLOB,
    method       TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency     TEXT NOT NULL,
    state        TEXT NOT NULL,
    state_at     INTEGER NOT NULL,
    reference    TEXT NOT NULL,
    invoice_url  TEXT,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    -- When its provider is asked next what became of it; nothing while nothing is unknown.
    look_at      INTEGER,
    looks        INTEGER NOT NULL DEFAULT 0,
    trip_id      BLOB,
    -- How long a highlight lasts, as it was when it was asked for.
    lasts_ms     INTEGER,
    CONSTRAINT payments_purpose_known CHECK (CASE purpose
        WHEN 'top_up' THEN package_id IS NULL AND trip_id IS NULL AND lasts_ms IS NULL
        WHEN 'package' THEN package_id IS NOT NULL AND trip_id IS NULL AND lasts_ms IS NULL
        WHEN 'highlight' THEN (package_id IS NULL) <> (trip_id IS NULL) AND COALESCE(lasts_ms > 0, false)
        ELSE false END),
    -- Stars pay for highlights, and nothing else does.
    CONSTRAINT payments_stars_apart CHECK (
        (purpose = 'highlight') = (method = 'stars') AND (method = 'stars') = (currency = 'XTR')
    ),
    CONSTRAINT payments_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT payments_state_known CHECK (
        state IN ('created', 'pending', 'succeeded', 'failed', 'expired', 'partly_refunded', 'refunded', 'charged_back')
    )
) STRICT;

CREATE TABLE new_payment_charges (
    id                 BLOB PRIMARY KEY,
    payment_id         BLOB NOT NULL REFERENCES new_payments (id),
    method             TEXT NOT NULL,
    reference          TEXT NOT NULL,
    amount_minor       INTEGER NOT NULL,
    currency           TEXT NOT NULL,
    charged_back_minor INTEGER NOT NULL DEFAULT 0,
    -- What an operator has seen of it, who has booked it by hand.
    evidence           TEXT,
    booked_by          BLOB,
    at                 INTEGER NOT NULL,
    CONSTRAINT payment_charges_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT payment_charges_back_within CHECK (charged_back_minor BETWEEN 0 AND amount_minor)
) STRICT;

CREATE TABLE new_payment_refunds (
    id           BLOB PRIMARY KEY,
    payment_id   BLOB NOT NULL REFERENCES new_payments (id),
    charge_id    BLOB NOT NULL REFERENCES new_payment_charges (id),
    method       TEXT NOT NULL,
    reference    TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency     TEXT NOT NULL,
    cost         TEXT NOT NULL,
    state        TEXT NOT NULL,
    reason       TEXT NOT NULL,
    asked_by     BLOB,
    at           INTEGER NOT NULL,
    CONSTRAINT payment_refunds_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT payment_refunds_cost_known CHECK (cost IN ('payer', 'platform')),
    CONSTRAINT payment_refunds_state_known CHECK (state IN ('asked', 'done', 'refused'))
) STRICT;

INSERT INTO new_payments (id, user_id, purpose, package_id, method, amount_minor, currency, state, state_at, reference,
    invoice_url, created_at, expires_at, look_at, looks)
    SELECT id, user_id, purpose, package_id, method, amount_minor, currency, state, state_at, reference,
    invoice_url, created_at, expires_at, look_at, looks FROM payments;
INSERT INTO new_payment_charges (id, payment_id, method, reference, amount_minor, currency, charged_back_minor, evidence,
    booked_by, at)
    SELECT id, payment_id, method, reference, amount_minor, currency, charged_back_minor, evidence, booked_by, at
    FROM payment_charges;
INSERT INTO new_payment_refunds (id, payment_id, charge_id, method, reference, amount_minor, currency, cost, state, reason,
    asked_by, at)
    SELECT id, payment_id, charge_id, method, reference, amount_minor, currency, cost, state, reason, asked_by, at
    FROM payment_refunds;

DROP TABLE payment_refunds;
DROP TABLE payment_charges;
DROP TABLE payments;
-- The new tables go on referring to one another under their new names.
ALTER TABLE new_payments RENAME TO payments;
ALTER TABLE new_payment_charges RENAME TO payment_charges;
ALTER TABLE new_payment_refunds RENAME TO payment_refunds;

CREATE UNIQUE INDEX payments_reference ON payments (reference);
CREATE INDEX payments_of_user ON payments (user_id, id);
CREATE INDEX payments_open ON payments (user_id) WHERE state IN ('created', 'pending');
CREATE INDEX payments_to_look_at ON payments (look_at) WHERE look_at IS NOT NULL;
CREATE UNIQUE INDEX payment_charges_once ON payment_charges (method, reference);
CREATE INDEX payment_charges_of_payment ON payment_charges (payment_id);
CREATE INDEX payment_charges_by_time ON payment_charges (method, at);
CREATE UNIQUE INDEX payment_refunds_once ON payment_refunds (method, reference);
CREATE INDEX payment_refunds_of_payment ON payment_refunds (payment_id);

-- The periods that were bought: each charge buys one, once.
CREATE TABLE highlights (
    charge_id  BLOB PRIMARY KEY REFERENCES payment_charges (id),
    -- The trip or the package.
    subject    BLOB NOT NULL,
    from_at    INTEGER NOT NULL,
    until_at   INTEGER NOT NULL,
    -- When its stars went back, if they did.
    ended_at   INTEGER,
    CONSTRAINT highlights_last CHECK (until_at > from_at)
) STRICT;

CREATE INDEX highlights_of_subject ON highlights (subject, until_at) WHERE ended_at IS NULL;
