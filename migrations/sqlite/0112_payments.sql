-- Money on its way in. The id is the key at the provider, too.
CREATE TABLE payments (
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
    CONSTRAINT payments_purpose_known CHECK (
        purpose IN ('top_up', 'package') AND (package_id IS NULL) = (purpose = 'top_up')
    ),
    CONSTRAINT payments_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT payments_state_known CHECK (
        state IN ('created', 'pending', 'succeeded', 'failed', 'expired', 'partly_refunded', 'refunded', 'charged_back')
    )
) STRICT;

CREATE UNIQUE INDEX payments_reference ON payments (reference);
CREATE INDEX payments_of_user ON payments (user_id, id);
CREATE INDEX payments_open ON payments (user_id) WHERE state IN ('created', 'pending');
CREATE INDEX payments_to_look_at ON payments (look_at) WHERE look_at IS NOT NULL;

-- Money that was taken. One payment can be paid twice, but no charge is credited twice.
CREATE TABLE payment_charges (
    id                 BLOB PRIMARY KEY,
    payment_id         BLOB NOT NULL REFERENCES payments (id),
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

CREATE UNIQUE INDEX payment_charges_once ON payment_charges (method, reference);
CREATE INDEX payment_charges_of_payment ON payment_charges (payment_id);
CREATE INDEX payment_charges_by_time ON payment_charges (method, at);

-- Money on its way back. What was asked for stays asked for until the provider says what became of it.
CREATE TABLE payment_refunds (
    id           BLOB PRIMARY KEY,
    payment_id   BLOB NOT NULL REFERENCES payments (id),
    charge_id    BLOB NOT NULL REFERENCES payment_charges (id),
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

CREATE UNIQUE INDEX payment_refunds_once ON payment_refunds (method, reference);
CREATE INDEX payment_refunds_of_payment ON payment_refunds (payment_id);
