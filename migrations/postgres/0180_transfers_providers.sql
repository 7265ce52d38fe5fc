-- Any provider is the outside world: another one changes no constraint.
ALTER TABLE transfers DROP CONSTRAINT transfers_from_known;
ALTER TABLE transfers ADD CONSTRAINT transfers_from_known CHECK (
        (from_kind IN ('available', 'frozen', 'pending', 'reserved', 'fees', 'platform', 'payouts')
            OR from_kind LIKE '%\_provider')
        AND (from_user IS NULL) = (from_kind NOT IN ('available', 'frozen', 'pending', 'reserved'))
);
ALTER TABLE transfers DROP CONSTRAINT transfers_to_known;
ALTER TABLE transfers ADD CONSTRAINT transfers_to_known CHECK (
        (to_kind IN ('available', 'frozen', 'pending', 'reserved', 'fees', 'platform', 'payouts')
            OR to_kind LIKE '%\_provider')
        AND (to_user IS NULL) = (to_kind NOT IN ('available', 'frozen', 'pending', 'reserved'))
);
