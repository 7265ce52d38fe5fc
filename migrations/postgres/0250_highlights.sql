-- Highlights, paid for in Telegram Stars: a payment may be for one, and names the trip or the package.
ALTER TABLE payments ADD COLUMN trip_id UUID;
-- How long a highlight lasts, as it was when it was asked for.
ALTER TABLE payments ADD COLUMN lasts_ms BIGINT;
ALTER TABLE payments DROP CONSTRAINT payments_purpose_known;
ALTER TABLE payments ADD CONSTRAINT payments_purpose_known CHECK (CASE purpose
    WHEN 'top_up' THEN package_id IS NULL AND trip_id IS NULL AND lasts_ms IS NULL
    WHEN 'package' THEN package_id IS NOT NULL AND trip_id IS NULL AND lasts_ms IS NULL
    WHEN 'highlight' THEN (package_id IS NULL) <> (trip_id IS NULL) AND COALESCE(lasts_ms > 0, false)
    ELSE false END);
-- Stars pay for highlights, and nothing else does.
ALTER TABLE payments ADD CONSTRAINT payments_stars_apart CHECK (
    (purpose = 'highlight') = (method = 'stars') AND (method = 'stars') = (currency = 'XTR')
);

-- The periods that were bought: each charge buys one, once.
CREATE TABLE highlights (
    charge_id  UUID PRIMARY KEY REFERENCES payment_charges (id),
    -- The trip or the package.
    subject    UUID NOT NULL,
    from_at    BIGINT NOT NULL,
    until_at   BIGINT NOT NULL,
    -- When its stars went back, if they did.
    ended_at   BIGINT,
    CONSTRAINT highlights_last CHECK (until_at > from_at)
);

CREATE INDEX highlights_of_subject ON highlights (subject, until_at) WHERE ended_at IS NULL;
