-- How a package is paid for, as it was when it was published: the fee that was shown is the fee that is charged.
ALTER TABLE packages ADD COLUMN payment TEXT NOT NULL DEFAULT 'at_claim'
    CONSTRAINT packages_payment_known CHECK (payment IN ('cash', 'at_claim', 'on_publish'));
ALTER TABLE packages ADD COLUMN fee_bps BIGINT NOT NULL DEFAULT 1000
    CONSTRAINT packages_fee_is_a_share CHECK (fee_bps BETWEEN 0 AND 10000);
ALTER TABLE packages ADD COLUMN fee_minimum_minor BIGINT NOT NULL DEFAULT 0
    CONSTRAINT packages_fee_not_negative CHECK (fee_minimum_minor >= 0);
