-- What the desk of the dispatch in town keeps beside orders and duties: numbers of people, regions, couriers, passengers, tariffs.

-- A whole number for each person, for clients that know only numbers. Drawn at random, so that nobody counts people by it.
CREATE TABLE person_numbers (
    person BLOB PRIMARY KEY REFERENCES users (id),
    number INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX person_numbers_number ON person_numbers (number);

-- What is gone keeps its row: orders speak of it, and every node learns of it.
CREATE TABLE cities (
    id         BLOB PRIMARY KEY,
    title      TEXT NOT NULL,
    center_lat REAL NOT NULL,
    center_lon REAL NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;

CREATE TABLE regions (
    id               BLOB PRIMARY KEY,
    city             BLOB NOT NULL REFERENCES cities (id),
    title            TEXT NOT NULL,
    center_lat       REAL NOT NULL,
    center_lon       REAL NOT NULL,
    -- Documents: corners as [[lat, lon], ..], none if it was not drawn, and when it takes orders.
    polygon          TEXT NOT NULL,
    service_radius_m INTEGER NOT NULL,
    priority         INTEGER NOT NULL,
    hours            TEXT NOT NULL,
    version          INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    deleted_at       INTEGER
) STRICT;

CREATE INDEX regions_changed ON regions (updated_at, id);

-- Who may go on duty. Who has left keeps the row, for the orders of then.
CREATE TABLE drivers (
    person       BLOB PRIMARY KEY REFERENCES users (id),
    name         TEXT NOT NULL,
    email        TEXT NOT NULL,
    region       BLOB NOT NULL REFERENCES regions (id),
    car_model    TEXT NOT NULL,
    plate_number TEXT NOT NULL,
    seats        INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    left_at      INTEGER,
    CONSTRAINT drivers_seats_some CHECK (seats > 0)
) STRICT;

CREATE INDEX drivers_of_region ON drivers (region, person);

-- Who is driven.
CREATE TABLE passengers (
    person            BLOB PRIMARY KEY REFERENCES users (id),
    full_name         TEXT NOT NULL,
    email             TEXT NOT NULL,
    region            BLOB NOT NULL REFERENCES regions (id),
    category          TEXT NOT NULL,
    allowed_companion INTEGER NOT NULL,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;

CREATE INDEX passengers_of_region ON passengers (region, person);

-- Versions of what a region charges. None ever changes; without one the built-in tariff holds.
CREATE TABLE tariffs (
    region     BLOB NOT NULL REFERENCES regions (id),
    version    INTEGER NOT NULL,
    valid_from INTEGER NOT NULL,
    document   TEXT NOT NULL,
    created_by BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (region, version)
) STRICT;

-- How much dearer a region is by now, before it is cut into steps.
CREATE TABLE surges (
    region   BLOB PRIMARY KEY,
    smoothed REAL NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE INDEX orders_of_courier ON orders (courier, id);
CREATE INDEX orders_of_region ON orders (region, created_at);
CREATE INDEX order_offers_of_courier ON order_offers (courier, created_at);
