-- The engine's truth: trips, packages, requests, money, streams.
--
-- Conventions, the same in both databases:
--   * an instant is a BIGINT of Unix milliseconds, a flag is a BIGINT 0 or 1, a state is its word;
--   * ids are UUIDs of version 7, made by the application;
--   * a constraint that the application answers to has a name; src/store/failure.rs maps names to answers;
--   * users are not referenced by foreign keys: a person may be erased while the books must stay, and a
--     reference would make every event of a user lock the user's row.

-- Facts about the database itself. `epoch` says which history this is: a client whose epoch differs starts afresh.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);

CREATE TABLE trips (
    id              UUID PRIMARY KEY,
    courier         UUID NOT NULL,
    state           TEXT NOT NULL,
    state_at        BIGINT,
    version         BIGINT NOT NULL,
    -- The route as a JSON document: it never changes, and is always read as a whole.
    stops           TEXT NOT NULL,
    -- The first departure and the last arrival, once more as columns, to find trips that are due.
    departs_at      BIGINT NOT NULL,
    arrives_at      BIGINT NOT NULL,
    transport       TEXT NOT NULL,
    weight_g        BIGINT NOT NULL,
    volume_ml       BIGINT NOT NULL,
    slots           BIGINT NOT NULL,
    max_detour_min  BIGINT NOT NULL,
    detour_used_min BIGINT NOT NULL DEFAULT 0,
    price_minor     BIGINT,
    price_currency  TEXT,
    comment         TEXT NOT NULL,
    airport         TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    CONSTRAINT trips_state_known CHECK (state IN ('active', 'in_progress', 'completed', 'cancelled')),
    CONSTRAINT trips_state_dated CHECK ((state_at IS NULL) = (state = 'active')),
    CONSTRAINT trips_price_whole CHECK ((price_minor IS NULL) = (price_currency IS NULL)),
    -- The detour budget is a capacity like any other.
    CONSTRAINT trips_detour_within_budget CHECK (detour_used_min >= 0 AND detour_used_min <= max_detour_min)
) WITH (fillfactor = 85);

CREATE INDEX trips_live ON trips (id) WHERE state IN ('active', 'in_progress');
CREATE INDEX trips_of_courier ON trips (courier, id);
CREATE INDEX trips_to_start ON trips (departs_at) WHERE state = 'active';
CREATE INDEX trips_to_complete ON trips (arrives_at) WHERE state = 'in_progress';
CREATE INDEX trips_changed ON trips (updated_at, id);

-- Room is kept per leg, because a package may ride only a part of the trip.
CREATE TABLE trip_legs (
    trip_id     UUID NOT NULL REFERENCES trips (id),
    leg         BIGINT NOT NULL,
    capacity_g  BIGINT NOT NULL,
    capacity_ml BIGINT NOT NULL,
    capacity_n  BIGINT NOT NULL,
    used_g      BIGINT NOT NULL DEFAULT 0,
    used_ml     BIGINT NOT NULL DEFAULT 0,
    used_n      BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (trip_id, leg),
    -- The guarded update looks before it takes; this is what holds if anything ever forgets to.
    CONSTRAINT trip_legs_within_capacity CHECK (
        used_g >= 0 AND used_g <= capacity_g
        AND used_ml >= 0 AND used_ml <= capacity_ml
        AND used_n >= 0 AND used_n <= capacity_n
    )
) WITH (fillfactor = 70);

CREATE TABLE packages (
    id              UUID PRIMARY KEY,
    sender          UUID NOT NULL,
    state           TEXT NOT NULL,
    state_at        BIGINT,
    -- The request that holds the package. Not a foreign key: the two tables would need each other first.
    deal            UUID,
    version         BIGINT NOT NULL,
    mode            TEXT NOT NULL,
    template        BIGINT NOT NULL,
    pickup_place    BIGINT NOT NULL,
    pickup_lat      DOUBLE PRECISION NOT NULL,
    pickup_lon      DOUBLE PRECISION NOT NULL,
    pickup_address  TEXT NOT NULL,
    dropoff_place   BIGINT NOT NULL,
    dropoff_lat     DOUBLE PRECISION NOT NULL,
    dropoff_lon     DOUBLE PRECISION NOT NULL,
    dropoff_address TEXT NOT NULL,
    weight_g        BIGINT NOT NULL,
    volume_ml       BIGINT NOT NULL,
    slots           BIGINT NOT NULL,
    ready_at        BIGINT NOT NULL,
    deliver_by      BIGINT NOT NULL,
    reward_minor    BIGINT NOT NULL,
    reward_currency TEXT NOT NULL,
    description     TEXT NOT NULL,
    size            TEXT NOT NULL,
    weight          TEXT NOT NULL,
    tags            TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    CONSTRAINT packages_state_known CHECK (
        state IN ('template', 'open', 'assigned', 'in_transit', 'delivered', 'confirmed', 'cancelled')
    ),
    CONSTRAINT packages_mode_known CHECK (mode IN ('instant', 'choose')),
    -- A package in somebody's hands names its deal, any other names none.
    CONSTRAINT packages_deal_named CHECK (
        (deal IS NOT NULL) = (state IN ('assigned', 'in_transit', 'delivered', 'confirmed'))
    ),
    CONSTRAINT packages_state_dated CHECK ((state_at IS NULL) = (state IN ('template', 'open'))),
    CONSTRAINT packages_reward_not_negative CHECK (reward_minor >= 0)
) WITH (fillfactor = 85);

CREATE INDEX packages_open ON packages (id) WHERE state = 'open';
CREATE INDEX packages_of_sender ON packages (sender, id);
CREATE INDEX packages_changed ON packages (updated_at, id);

CREATE TABLE requests (
    id            UUID PRIMARY KEY,
    package_id    UUID NOT NULL REFERENCES packages (id),
    trip_id       UUID NOT NULL REFERENCES trips (id),
    sender        UUID NOT NULL,
    courier       UUID NOT NULL,
    origin        TEXT NOT NULL,
    leg_from      BIGINT NOT NULL,
    leg_to        BIGINT NOT NULL,
    pickup_place  BIGINT NOT NULL,
    pickup_at     BIGINT NOT NULL,
    dropoff_place BIGINT NOT NULL,
    dropoff_at    BIGINT NOT NULL,
    detour_min    BIGINT NOT NULL,
    detour_m      BIGINT NOT NULL,
    room_left_g   BIGINT NOT NULL,
    reward_minor  BIGINT NOT NULL,
    currency      TEXT NOT NULL,
    message       TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    -- Requests of one wave are made at the same moment; this keeps them in order.
    wave_order    BIGINT NOT NULL,
    expires_at    BIGINT,
    ttl_ms        BIGINT NOT NULL,
    state         TEXT NOT NULL,
    state_at      BIGINT,
    -- Who called the deal off, and in whose words it was declined or disputed: evidence of the state.
    state_by      TEXT,
    reason        TEXT,
    updated_at    BIGINT NOT NULL,
    CONSTRAINT requests_state_known CHECK (
        state IN ('pending', 'accepted', 'picked_up', 'delivered', 'confirmed', 'declined', 'expired',
                  'withdrawn', 'taken', 'cancelled', 'disputed')
    ),
    CONSTRAINT requests_origin_known CHECK (origin IN ('sender', 'courier', 'engine')),
    CONSTRAINT requests_state_dated CHECK ((state_at IS NULL) = (state = 'pending')),
    CONSTRAINT requests_cancelled_by CHECK ((state_by IS NOT NULL) = (state = 'cancelled')),
    CONSTRAINT requests_legs_in_order CHECK (leg_from >= 0 AND leg_from < leg_to),
    CONSTRAINT requests_not_own CHECK (sender <> courier)
) WITH (fillfactor = 85);

-- Never more winners than one, whatever the application believes.
CREATE UNIQUE INDEX requests_one_deal_per_package ON requests (package_id)
    WHERE state IN ('accepted', 'picked_up', 'delivered', 'confirmed', 'disputed');
-- A courier is asked once at a time for one package.
CREATE UNIQUE INDEX requests_one_pending_per_trip ON requests (package_id, trip_id) WHERE state = 'pending';
CREATE INDEX requests_of_package ON requests (package_id, created_at, wave_order);
CREATE INDEX requests_of_trip ON requests (trip_id, id);
CREATE INDEX requests_expiring ON requests (expires_at) WHERE state = 'pending' AND expires_at IS NOT NULL;
CREATE INDEX requests_carried ON requests (courier) WHERE state = 'confirmed';

-- The money of one deal. Made by its hold, and moved on only from the state that was decided upon.
CREATE TABLE escrows (
    request_id   UUID PRIMARY KEY REFERENCES requests (id),
    sender       UUID NOT NULL,
    courier      UUID NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency     TEXT NOT NULL,
    state        TEXT NOT NULL,
    updated_at   BIGINT NOT NULL,
    CONSTRAINT escrows_state_known CHECK (state IN ('held', 'pending', 'released', 'refunded')),
    CONSTRAINT escrows_amount_not_negative CHECK (amount_minor >= 0)
);

-- The books: append-only. The key names the business act, so an act is written once however often it is tried.
CREATE TABLE transfers (
    key          TEXT PRIMARY KEY,
    request_id   UUID NOT NULL REFERENCES requests (id),
    from_kind    TEXT NOT NULL,
    from_user    UUID,
    to_kind      TEXT NOT NULL,
    to_user      UUID,
    amount_minor BIGINT NOT NULL,
    currency     TEXT NOT NULL,
    at           BIGINT NOT NULL,
    CONSTRAINT transfers_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT transfers_from_known CHECK (
        from_kind IN ('available', 'frozen', 'pending', 'fees', 'demo_provider')
        AND (from_user IS NULL) = (from_kind IN ('fees', 'demo_provider'))
    ),
    CONSTRAINT transfers_to_known CHECK (
        to_kind IN ('available', 'frozen', 'pending', 'fees', 'demo_provider')
        AND (to_user IS NULL) = (to_kind IN ('fees', 'demo_provider'))
    )
);

CREATE INDEX transfers_of_request ON transfers (request_id);
CREATE INDEX transfers_from_user ON transfers (from_user, at) WHERE from_user IS NOT NULL;
CREATE INDEX transfers_to_user ON transfers (to_user, at) WHERE to_user IS NOT NULL;

-- Balances of people, kept beside the books so that the guard is a row and not a sum. The platform's fees and
-- the payment provider have no wallet: every claim would wait for that one row. They are sums over the books.
CREATE TABLE wallets (
    user_id    UUID NOT NULL,
    kind       TEXT NOT NULL,
    currency   TEXT NOT NULL,
    balance    BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, kind, currency),
    CONSTRAINT wallets_kind_known CHECK (kind IN ('available', 'frozen', 'pending')),
    CONSTRAINT wallets_not_negative CHECK (balance >= 0)
) WITH (fillfactor = 70);

-- The number of a user's last event. Its row lock makes the numbers follow the order of commits, without gaps;
-- a sequence would not.
CREATE TABLE streams (
    user_id UUID PRIMARY KEY,
    top     BIGINT NOT NULL,
    CONSTRAINT streams_top_not_negative CHECK (top >= 0)
) WITH (fillfactor = 50);

CREATE TABLE events (
    user_id UUID NOT NULL,
    seq     BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    -- {"type": .., "data": ..}, exactly as it goes out to clients.
    body    TEXT NOT NULL,
    PRIMARY KEY (user_id, seq)
);
