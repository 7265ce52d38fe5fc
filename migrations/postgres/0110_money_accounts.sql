-- Accounts of payments: money reserved for packages that wait, the platform's own money, and the outside world behind
-- each provider. A transfer that is about no request says what else it is about: a package, a payment, a withdrawal.
ALTER TABLE transfers DROP CONSTRAINT transfers_from_known;
ALTER TABLE transfers ADD CONSTRAINT transfers_from_known CHECK (
        from_kind IN ('available', 'frozen', 'pending', 'reserved', 'fees', 'platform', 'demo_provider',
                     'manual_provider', 'webhook_provider', 'payouts')
        AND (from_user IS NULL) = (from_kind NOT IN ('available', 'frozen', 'pending', 'reserved'))
);
ALTER TABLE transfers DROP CONSTRAINT transfers_to_known;
ALTER TABLE transfers ADD CONSTRAINT transfers_to_known CHECK (
        to_kind IN ('available', 'frozen', 'pending', 'reserved', 'fees', 'platform', 'demo_provider',
                     'manual_provider', 'webhook_provider', 'payouts')
        AND (to_user IS NULL) = (to_kind NOT IN ('available', 'frozen', 'pending', 'reserved'))
);
ALTER TABLE transfers ADD COLUMN subject UUID;
ALTER TABLE wallets DROP CONSTRAINT wallets_kind_known;
ALTER TABLE wallets ADD CONSTRAINT wallets_kind_known CHECK (kind IN ('available', 'frozen', 'pending', 'reserved'));
ALTER TABLE escrows DROP CONSTRAINT escrows_state_known;
ALTER TABLE escrows ADD CONSTRAINT escrows_state_known CHECK (
    state IN ('held', 'pending', 'released', 'refunded', 'split')
);
CREATE INDEX transfers_of_subject ON transfers (subject) WHERE subject IS NOT NULL;
