-- What became of orders, counted by the hour as it happens: each change of an order adds to it in its own transaction. Hours are
-- those of UTC, by their begin. Transactions that count at once do so in rows of their own (`shard`), so that none waits for
-- another; a reader adds them up.
CREATE TABLE order_hours (
    -- The region of the pickup; the id of zeros stands for none.
    region       UUID NOT NULL,
    hour         BIGINT NOT NULL,
    shard        BIGINT NOT NULL,
    placed       BIGINT NOT NULL,
    offers       BIGINT NOT NULL,
    accepted     BIGINT NOT NULL,
    declined     BIGINT NOT NULL,
    expired      BIGINT NOT NULL,
    assigned     BIGINT NOT NULL,
    found        BIGINT NOT NULL,
    search_ms    BIGINT NOT NULL,
    rides        BIGINT NOT NULL,
    waited_ms    BIGINT NOT NULL,
    completed    BIGINT NOT NULL,
    way_m        BIGINT NOT NULL,
    ride_s       BIGINT NOT NULL,
    price_minor  BIGINT NOT NULL,
    cancelled    BIGINT NOT NULL,
    by_passenger BIGINT NOT NULL,
    by_courier   BIGINT NOT NULL,
    fees_minor   BIGINT NOT NULL,
    no_shows     BIGINT NOT NULL,
    incidents    BIGINT NOT NULL,
    rejected     BIGINT NOT NULL,
    to_desk      BIGINT NOT NULL,
    restored     BIGINT NOT NULL,
    PRIMARY KEY (region, hour, shard)
);

CREATE INDEX order_hours_by_hour ON order_hours (hour);

-- The same for each courier: what they were asked, had and did.
CREATE TABLE courier_hours (
    courier      UUID NOT NULL,
    hour         BIGINT NOT NULL,
    shard        BIGINT NOT NULL,
    placed       BIGINT NOT NULL,
    offers       BIGINT NOT NULL,
    accepted     BIGINT NOT NULL,
    declined     BIGINT NOT NULL,
    expired      BIGINT NOT NULL,
    assigned     BIGINT NOT NULL,
    found        BIGINT NOT NULL,
    search_ms    BIGINT NOT NULL,
    rides        BIGINT NOT NULL,
    waited_ms    BIGINT NOT NULL,
    completed    BIGINT NOT NULL,
    way_m        BIGINT NOT NULL,
    ride_s       BIGINT NOT NULL,
    price_minor  BIGINT NOT NULL,
    cancelled    BIGINT NOT NULL,
    by_passenger BIGINT NOT NULL,
    by_courier   BIGINT NOT NULL,
    fees_minor   BIGINT NOT NULL,
    no_shows     BIGINT NOT NULL,
    incidents    BIGINT NOT NULL,
    rejected     BIGINT NOT NULL,
    to_desk      BIGINT NOT NULL,
    restored     BIGINT NOT NULL,
    PRIMARY KEY (courier, hour, shard)
);

CREATE INDEX courier_hours_by_hour ON courier_hours (hour);
