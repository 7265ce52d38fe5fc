-- What the desk of the dispatch in town keeps beside orders and duties: numbers of people, regions, couriers, passengers, tariffs.

-- A whole number for each person, for clients that know only numbers. Drawn at random, so that nobody counts people by it.
CREATE TABLE person_numbers (
    person UUID PRIMARY KEY REFERENCES users (id),
    number BIGINT NOT NULL
);

CREATE UNIQUE INDEX person_numbers_number ON person_numbers (number);

-- What is gone keeps its row: orders speak of it, and every node learns of it.
CREATE TABLE cities (
    id         UUID PRIMARY KEY,
    title      TEXT NOT NULL,
    center_lat DOUBLE PRECISION NOT NULL,
    center_lon DOUBLE PRECISION NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE TABLE regions (
    id               UUID PRIMARY KEY,
    city             UUID NOT NULL REFERENCES cities (id),
    title            TEXT NOT NULL,
    center_lat       DOUBLE PRECISION NOT NULL,
    center_lon       DOUBLE PRECISION NOT NULL,
    -- Documents: corners as [[lat, lon], ..], none if it was not drawn, and when it takes orders.
    polygon          TEXT NOT NULL,
    service_radius_m BIGINT NOT NULL,
    priority         BIGINT NOT NULL,
    hours            TEXT NOT NULL,
    version          BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    deleted_at       BIGINT
);

CREATE INDEX regions_changed ON regions (updated_at, id);

-- Who may go on duty. Who has left keeps the row, for the orders of then.
CREATE TABLE drivers (
    person       UUID PRIMARY KEY REFERENCES users (id),
    name         TEXT NOT NULL,
    email        TEXT NOT NULL,
    region       UUID NOT NULL REFERENCES regions (id),
    car_model    TEXT NOT NULL,
    plate_number TEXT NOT NULL,
    seats        BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    left_at      BIGINT,
    CONSTRAINT drivers_seats_some CHECK (seats > 0)
);

CREATE INDEX drivers_of_region ON drivers (region, person);

-- Who is driven.
CREATE TABLE passengers (
    person            UUID PRIMARY KEY REFERENCES users (id),
    full_name         TEXT NOT NULL,
    email             TEXT NOT NULL,
    region            UUID NOT NULL REFERENCES regions (id),
    category          TEXT NOT NULL,
    allowed_companion BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL
);

CREATE INDEX passengers_of_region ON passengers (region, person);

-- Versions of what a region charges. None ever changes; without one the built-in tariff holds.
CREATE TABLE tariffs (
    region     UUID NOT NULL REFERENCES regions (id),
    version    BIGINT NOT NULL,
    valid_from BIGINT NOT NULL,
    document   TEXT NOT NULL,
    created_by UUID NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (region, version)
);

-- How much dearer a region is by now, before it is cut into steps.
CREATE TABLE surges (
    region   UUID PRIMARY KEY,
    smoothed DOUBLE PRECISION NOT NULL,
    at       BIGINT NOT NULL
);

CREATE INDEX orders_of_courier ON orders (courier, id);
CREATE INDEX orders_of_region ON orders (region, created_at);
CREATE INDEX order_offers_of_courier ON order_offers (courier, created_at);
