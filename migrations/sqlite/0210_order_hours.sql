-- What became of orders, counted by the hour as it happens: each change of an order adds to it in its own transaction. Hours are
-- those of UTC, by their begin. Transactions that count at once do so in rows of their own (`shard`), so that none waits for
-- another; a reader adds them up.
CREATE TABLE order_hours (
    -- The region of the pickup; the id of zeros stands for none.
    region       BLOB NOT NULL,
    hour         INTEGER NOT NULL,
    shard        INTEGER NOT NULL,
    placed       INTEGER NOT NULL,
    offers       INTEGER NOT NULL,
    accepted     INTEGER NOT NULL,
    declined     INTEGER NOT NULL,
    expired      INTEGER NOT NULL,
    assigned     INTEGER NOT NULL,
    found        INTEGER NOT NULL,
    search_ms    INTEGER NOT NULL,
    rides        INTEGER NOT NULL,
    waited_ms    INTEGER NOT NULL,
    completed    INTEGER NOT NULL,
    way_m        INTEGER NOT NULL,
    ride_s       INTEGER NOT NULL,
    price_minor  INTEGER NOT NULL,
    cancelled    INTEGER NOT NULL,
    by_passenger INTEGER NOT NULL,
    by_courier   INTEGER NOT NULL,
    fees_minor   INTEGER NOT NULL,
    no_shows     INTEGER NOT NULL,
    incidents    INTEGER NOT NULL,
    rejected     INTEGER NOT NULL,
    to_desk      INTEGER NOT NULL,
    restored     INTEGER NOT NULL,
    PRIMARY KEY (region, hour, shard)
);

CREATE INDEX order_hours_by_hour ON order_hours (hour);

-- The same for each courier: what they were asked, had and did.
CREATE TABLE courier_hours (
    courier      BLOB NOT NULL,
    hour         INTEGER NOT NULL,
    shard        INTEGER NOT NULL,
    placed       INTEGER NOT NULL,
    offers       INTEGER NOT NULL,
    accepted     INTEGER NOT NULL,
    declined     INTEGER NOT NULL,
    expired      INTEGER NOT NULL,
    assigned     INTEGER NOT NULL,
    found        INTEGER NOT NULL,
    search_ms    INTEGER NOT NULL,
    rides        INTEGER NOT NULL,
    waited_ms    INTEGER NOT NULL,
    completed    INTEGER NOT NULL,
    way_m        INTEGER NOT NULL,
    ride_s       INTEGER NOT NULL,
    price_minor  INTEGER NOT NULL,
    cancelled    INTEGER NOT NULL,
    by_passenger INTEGER NOT NULL,
    by_courier   INTEGER NOT NULL,
    fees_minor   INTEGER NOT NULL,
    no_shows     INTEGER NOT NULL,
    incidents    INTEGER NOT NULL,
    rejected     INTEGER NOT NULL,
    to_desk      INTEGER NOT NULL,
    restored     INTEGER NOT NULL,
    PRIMARY KEY (courier, hour, shard)
);

CREATE INDEX courier_hours_by_hour ON courier_hours (hour);
