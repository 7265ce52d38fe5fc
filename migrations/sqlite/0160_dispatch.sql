-- Orders for couriers on duty in town. The version guards an order and its offers.
CREATE TABLE orders (
    id                BLOB PRIMARY KEY,
    passenger         BLOB NOT NULL,
    state             TEXT NOT NULL,
    -- Since when, in the states that need it.
    state_at          INTEGER,
    -- How often the search was widened.
    round             INTEGER NOT NULL,
    -- Who has it, had it when it ended, or is asked.
    courier           BLOB,
    -- By which offer somebody is asked. Not a foreign key: the two tables would need each other first.
    offer             BLOB,
    version           INTEGER NOT NULL,
    region            BLOB,
    pickup_title      TEXT NOT NULL,
    pickup_object     TEXT NOT NULL,
    pickup_lat        REAL NOT NULL,
    pickup_lon        REAL NOT NULL,
    dropoff_title     TEXT NOT NULL,
    dropoff_object    TEXT NOT NULL,
    dropoff_lat       REAL NOT NULL,
    dropoff_lon       REAL NOT NULL,
    -- When the courier is wanted; nothing is now.
    pickup_at         INTEGER,
    cargo             TEXT NOT NULL,
    weight_g          INTEGER NOT NULL,
    volume_ml         INTEGER NOT NULL,
    slots             INTEGER NOT NULL,
    extras            TEXT NOT NULL,
    note              TEXT NOT NULL,
    way_m             INTEGER NOT NULL,
    ride_s            INTEGER NOT NULL,
    -- Documents: the quote with its tariff, the final price and the fee of calling off with how they came about.
    quote             TEXT NOT NULL,
    settled           TEXT,
    cancel_fee        TEXT,
    assigned_at       INTEGER,
    waited_ms         INTEGER NOT NULL,
    completed_at      INTEGER,
    assignment_reason TEXT NOT NULL,
    rejection_reason  TEXT NOT NULL,
    created_at        INTEGER NOT NULL,
    changed_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
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
) STRICT;

-- Nobody has two orders, or is asked about one while having another.
CREATE UNIQUE INDEX orders_of_busy_courier ON orders (courier)
    WHERE state IN ('offered', 'assigned', 'driver_en_route', 'arrived_waiting', 'ride_ongoing', 'incident');
CREATE INDEX orders_searching ON orders (id) WHERE state IN ('matching', 'offered');
CREATE INDEX orders_of_passenger ON orders (passenger, id);
CREATE INDEX orders_changed ON orders (updated_at, id);

-- An order that was shown to a courier.
CREATE TABLE order_offers (
    id         BLOB PRIMARY KEY,
    order_id   BLOB NOT NULL REFERENCES orders (id),
    courier    BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    round      INTEGER NOT NULL,
    eta_s      INTEGER NOT NULL,
    way_m      INTEGER NOT NULL,
    cost       REAL NOT NULL,
    state      TEXT NOT NULL,
    state_at   INTEGER,
    reason     TEXT NOT NULL,
    CONSTRAINT order_offers_state_known CHECK (
        state IN ('pending', 'accepted', 'declined', 'expired', 'withdrawn')
    ),
    CONSTRAINT order_offers_state_dated CHECK ((state_at IS NULL) = (state = 'pending'))
) STRICT;

CREATE INDEX order_offers_of_order ON order_offers (order_id, created_at, id);
CREATE UNIQUE INDEX order_offers_pending ON order_offers (order_id) WHERE state = 'pending';
CREATE UNIQUE INDEX order_offers_pending_of_courier ON order_offers (courier) WHERE state = 'pending';

-- Every step of an order through its table.
CREATE TABLE order_steps (
    order_id    BLOB NOT NULL REFERENCES orders (id),
    -- The version that the order had afterwards, and which of its steps it was.
    version     INTEGER NOT NULL,
    step        INTEGER NOT NULL,
    state_from  TEXT NOT NULL,
    state_to    TEXT NOT NULL,
    at          INTEGER NOT NULL,
    role        TEXT NOT NULL,
    person      BLOB,
    description TEXT NOT NULL,
    PRIMARY KEY (order_id, version, step),
    CONSTRAINT order_steps_role_known CHECK (
        role IN ('passenger', 'courier', 'staff', 'engine') AND (person IS NULL) = (role = 'engine')
    )
) STRICT;

-- What a courier on duty is doing.
CREATE TABLE duties (
    courier      BLOB PRIMARY KEY,
    car_model    TEXT NOT NULL,
    plate_number TEXT NOT NULL,
    weight_g     INTEGER NOT NULL,
    volume_ml    INTEGER NOT NULL,
    slots        INTEGER NOT NULL,
    region       BLOB NOT NULL,
    state        TEXT NOT NULL,
    order_id     BLOB,
    offer        BLOB,
    since        INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    CONSTRAINT duties_state_known CHECK (
        state IN ('offline', 'online_idle', 'offered', 'enroute_to_pickup', 'on_trip', 'paused')
    ),
    CONSTRAINT duties_order_named CHECK (
        (order_id IS NOT NULL) = (state IN ('offered', 'enroute_to_pickup', 'on_trip'))
    ),
    CONSTRAINT duties_offer_named CHECK ((offer IS NOT NULL) = (state = 'offered'))
) STRICT;

CREATE INDEX duties_on ON duties (courier) WHERE state <> 'offline';
CREATE INDEX duties_changed ON duties (updated_at, courier);
