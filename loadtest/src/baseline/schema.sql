-- The tables of the plain server, beside those of PeerPack if it uses the same database.
DROP TABLE IF EXISTS plain_answers, plain_escrows, plain_events, plain_requests, plain_packages, plain_legs, plain_stops,
    plain_trips, plain_users;

CREATE TABLE plain_users (
    id uuid PRIMARY KEY,
    telegram_id bigint NOT NULL UNIQUE,
    last_seq bigint NOT NULL DEFAULT 0
);
CREATE TABLE plain_trips (
    id uuid PRIMARY KEY,
    courier uuid NOT NULL REFERENCES plain_users,
    departs bigint NOT NULL,
    arrives bigint NOT NULL
);
CREATE TABLE plain_stops (
    trip uuid NOT NULL REFERENCES plain_trips,
    n int NOT NULL,
    place bigint NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    PRIMARY KEY (trip, n)
);
CREATE TABLE plain_legs (
    trip uuid NOT NULL REFERENCES plain_trips,
    leg int NOT NULL,
    capacity_g bigint NOT NULL,
    used_g bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (trip, leg),
    CHECK (used_g >= 0 AND used_g <= capacity_g)
);
CREATE TABLE plain_packages (
    id uuid PRIMARY KEY,
    sender uuid NOT NULL REFERENCES plain_users,
    description text NOT NULL,
    origin bigint NOT NULL,
    destination bigint NOT NULL,
    weight_g bigint NOT NULL,
    reward bigint NOT NULL,
    deliver_by bigint NOT NULL,
    deal uuid
);
CREATE TABLE plain_requests (
    id uuid PRIMARY KEY,
    package uuid NOT NULL REFERENCES plain_packages,
    trip uuid NOT NULL REFERENCES plain_trips,
    courier uuid NOT NULL REFERENCES plain_users,
    leg_from int NOT NULL,
    leg_to int NOT NULL,
    state text NOT NULL
);
CREATE INDEX ON plain_requests (package);
CREATE INDEX ON plain_requests (courier) WHERE state = 'offered';
CREATE TABLE plain_escrows (
    request uuid PRIMARY KEY REFERENCES plain_requests,
    amount bigint NOT NULL,
    state text NOT NULL
);
CREATE TABLE plain_events (
    user_id uuid NOT NULL REFERENCES plain_users,
    seq bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (user_id, seq)
);
CREATE TABLE plain_answers (
    key uuid PRIMARY KEY,
    answer uuid
);
