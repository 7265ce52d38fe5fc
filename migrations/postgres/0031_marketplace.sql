-- What the marketplace remembers beside the engine: notifications, reviews, withdrawals, reminders, patterns.

-- Pointers to events that a person should know of, made in the event's transaction; `seq` is the event's number.
CREATE TABLE notifications (
    user_id    UUID NOT NULL,
    seq        BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    kind       TEXT NOT NULL,
    request_id UUID,
    trip_id    UUID NOT NULL,
    read_at    BIGINT,
    PRIMARY KEY (user_id, seq),
    CONSTRAINT notifications_kind_known CHECK (
        kind IN ('package_request_response', 'package_request_declined', 'package_delivered',
                 'new_courier_available', 'trip_request_received', 'payment_received', 'reminder')
    )
);

CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL;

-- A review is shown when both parties have written, or after a while: nobody answers a bad word with another.
CREATE TABLE reviews (
    request_id UUID NOT NULL REFERENCES requests (id),
    author     UUID NOT NULL,
    subject    UUID NOT NULL,
    rating     BIGINT NOT NULL,
    text       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    shown      BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (request_id, author),
    CONSTRAINT reviews_rating_in_range CHECK (rating BETWEEN 1 AND 5),
    CONSTRAINT reviews_not_of_oneself CHECK (author <> subject)
);

CREATE INDEX reviews_of_subject ON reviews (subject, created_at) WHERE shown = 1;
CREATE INDEX reviews_hidden ON reviews (created_at) WHERE shown = 0;

-- What a courier has carried to an end, good or bad.
CREATE INDEX requests_ended ON requests (courier, state_at) WHERE state IN ('confirmed', 'cancelled');

ALTER TABLE trips ADD COLUMN reminded_at BIGINT;
CREATE INDEX trips_to_remind ON trips (departs_at) WHERE state = 'active' AND reminded_at IS NULL;

-- The pattern a package was made from.
ALTER TABLE packages ADD COLUMN made_from UUID;
CREATE INDEX packages_made_from ON packages (made_from) WHERE made_from IS NOT NULL;

-- A name or picture that a person chose is not overwritten by the next sign-in.
ALTER TABLE users ADD COLUMN own_name BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN own_avatar BIGINT NOT NULL DEFAULT 0;

-- Money on its way out. The operator decides; the books have it already.
CREATE TABLE withdrawals (
    id           UUID PRIMARY KEY,
    user_id      UUID NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency     TEXT NOT NULL,
    method       TEXT NOT NULL,
    state        TEXT NOT NULL,
    state_at     BIGINT,
    state_by     UUID,
    created_at   BIGINT NOT NULL,
    CONSTRAINT withdrawals_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT withdrawals_state_known CHECK (state IN ('queued', 'paid', 'rejected')),
    CONSTRAINT withdrawals_state_dated CHECK (
        (state_at IS NULL) = (state = 'queued') AND (state_by IS NULL) = (state = 'queued')
    )
);

CREATE INDEX withdrawals_queued ON withdrawals (created_at) WHERE state = 'queued';
CREATE INDEX withdrawals_of_user ON withdrawals (user_id, created_at);

-- Withdrawals are in the books too: a transfer need not be about a request, and money can leave the platform.
ALTER TABLE transfers ALTER COLUMN request_id DROP NOT NULL;
ALTER TABLE transfers DROP CONSTRAINT transfers_from_known;
ALTER TABLE transfers DROP CONSTRAINT transfers_to_known;
ALTER TABLE transfers ADD CONSTRAINT transfers_from_known CHECK (
    from_kind IN ('available', 'frozen', 'pending', 'fees', 'demo_provider', 'payouts')
    AND (from_user IS NULL) = (from_kind IN ('fees', 'demo_provider', 'payouts'))
);
ALTER TABLE transfers ADD CONSTRAINT transfers_to_known CHECK (
    to_kind IN ('available', 'frozen', 'pending', 'fees', 'demo_provider', 'payouts')
    AND (to_user IS NULL) = (to_kind IN ('fees', 'demo_provider', 'payouts'))
);
