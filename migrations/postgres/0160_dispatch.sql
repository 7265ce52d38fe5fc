-- Orders for couriers on duty in town. The version guards an order and its offers.
CREATE TABLE orders (
    id                UUID PRIMARY KEY,
    passenger         UUID NOT NULL,
    state             TEXT NOT NULL,
    -- Since when, in the states that need it.
    state_at          BIGINT,
    -- How often the search was widened.
    round             BIGINT NOT NULL,
    -- Who has it, had it when it ended, or is asked.
    courier           UUID,
    -- By which offer somebody is asked. Not a foreign key: the two tables would need each other first.
    offer             UUID,
    version           BIGINT NOT NULL,
    region            UUID,
    pickup_title      TEXT NOT NULL,
    pickup_object     TEXT NOT NULL,
    pickup_lat        DOUBLE PRECISION NOT NULL,
    pickup_lon        DOUBLE PRECISION NOT NULL,
    dropoff_title     TEXT NOT NULL,
    dropoff_object    TEXT NOT NULL,
    dropoff_lat       DOUBLE PRECISION NOT NULL,
    dropoff_lon       DOUBLE PRECISION NOT NULL,
    -- When the courier is wanted; nothing is now.
    pickup_at         BIGINT,
    cargo             TEXT NOT NULL,
    weight_g          BIGINT NOT NULL,
    volume_ml         BIGINT NOT NULL,
    slots             BIGINT NOT NULL,
    extras            TEXT NOT NULL,
    note              TEXT NOT NULL,
    way_m             BIGINT NOT NULL,
    ride_s            BIGINT NOT NULL,
    -- Documents: the quote with its tariff, the final price and the fee of calling off with how they came about.
    quote             TEXT NOT NULL,
    settled           TEXT,
    cancel_fee        TEXT,
    assigned_at       BIGINT,
    waited_ms         BIGINT NOT NULL,
    completed_at      BIGINT,
    assignment_reason TEXT NOT NULL,
    rejection_reason  TEXT NOT NULL,
    created_at        BIGINT NOT NULL,
    changed_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    CONSTRAINT orders_state_known CHECK (
        state IN ('draft', 'submitted', 'awaiting_dispatcher_decision', 'rejected', 'created', 'matching',
                  'active_queue', 'offered', 'assigned', 'driver_en_route', 'arrived_waiting', 'ride_ongoing',
                  'no_show', 'incident', 'completed', 'cancelled')
    ),
    CONSTRAINT orders_courier_named CHECK (
        (courier IS NOT NULL) = (state IN ('offered', 'assigned', 'driver_en_route', 'arrived_waiting',
                                           'ride_ongoing', 'no_show', 'incident', 'completed'))
    ),
    CONSTRAINT orders_offer_named CHECK ((offer IS NOT NULL) = (state = 'offered')),
    CONSTRAINT orders_state_dated CHECK (
        (state_at IS NOT NULL) = (state IN ('matching', 'assigned', 'arrived_waiting'))
    ),
    -- The first completion settles the price, and nothing follows a completion.
    CONSTRAINT orders_completed_settled CHECK (
        (settled IS NOT NULL) = (state = 'completed') AND (completed_at IS NOT NULL) = (state = 'completed')
    ),
    CONSTRAINT orders_cargo_known CHECK (cargo IN ('passenger', 'parcel')),
    CONSTRAINT orders_not_own CHECK (courier IS NULL OR courier <> passenger)
);

-- Nobody has two orders, or is asked about one while having another.
CREATE UNIQUE INDEX orders_of_busy_courier ON orders (courier)
    WHERE state IN ('offered', 'assigned', 'driver_en_route', 'arrived_waiting', 'ride_ongoing', 'incident');
CREATE INDEX orders_searching ON orders (id) WHERE state IN ('matching', 'offered');
CREATE INDEX orders_of_passenger ON orders (passenger, id);
CREATE INDEX orders_changed ON orders (updated_at, id);

-- An order that was shown to a courier.
CREATE TABLE order_offers (
    id         UUID PRIMARY KEY,
    order_id   UUID NOT NULL REFERENCES orders (id),
    courier    UUID NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    round      BIGINT NOT NULL,
    eta_s      BIGINT NOT NULL,
    way_m      BIGINT NOT NULL,
    cost       DOUBLE PRECISION NOT NULL,
    state      TEXT NOT NULL,
    state_at   BIGINT,
    reason     TEXT NOT NULL,
    CONSTRAINT order_offers_state_known CHECK (
        state IN ('pending', 'accepted', 'declined', 'expired', 'withdrawn')
    ),
    CONSTRAINT order_offers_state_dated CHECK ((state_at IS NULL) = (state = 'pending'))
);

CREATE INDEX order_offers_of_order ON order_offers (order_id, created_at, id);
CREATE UNIQUE INDEX order_offers_pending ON order_offers (order_id) WHERE state = 'pending';
CREATE UNIQUE INDEX order_offers_pending_of_courier ON order_offers (courier) WHERE state = 'pending';

-- Every step of an order through its table.
CREATE TABLE order_steps (
    order_id    UUID NOT NULL REFERENCES orders (id),
    -- The version that the order had afterwards, and which of its steps it was.
    version     BIGINT NOT NULL,
    step        BIGINT NOT NULL,
    state_from  TEXT NOT NULL,
    state_to    TEXT NOT NULL,
    at          BIGINT NOT NULL,
    role        TEXT NOT NULL,
    person      UUID,
    description TEXT NOT NULL,
    PRIMARY KEY (order_id, version, step),
    CONSTRAINT order_steps_role_known CHECK (
        role IN ('passenger', 'courier', 'staff', 'engine') AND (person IS NULL) = (role = 'engine')
    )
);

-- What a courier on duty is doing.
CREATE TABLE duties (
    courier      UUID PRIMARY KEY,
    car_model    TEXT NOT NULL,
    plate_number TEXT NOT NULL,
    weight_g     BIGINT NOT NULL,
    volume_ml    BIGINT NOT NULL,
    slots        BIGINT NOT NULL,
    region       UUID NOT NULL,
    state        TEXT NOT NULL,
    order_id     UUID,
    offer        UUID,
    since        BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    CONSTRAINT duties_state_known CHECK (
        state IN ('offline', 'online_idle', 'offered', 'enroute_to_pickup', 'on_trip', 'paused')
    ),
    CONSTRAINT duties_order_named CHECK (
        (order_id IS NOT NULL) = (state IN ('offered', 'enroute_to_pickup', 'on_trip'))
    ),
    CONSTRAINT duties_offer_named CHECK ((offer IS NOT NULL) = (state = 'offered'))
);

CREATE INDEX duties_on ON duties (courier) WHERE state <> 'offline';
CREATE INDEX duties_changed ON duties (updated_at, courier);
