-- Work that grows with an account, done after the call that asks for it. How much is left follows from what there is.
CREATE TABLE jobs (
    id          UUID PRIMARY KEY,
    kind        TEXT NOT NULL,
    -- The account or the trip.
    subject     UUID NOT NULL,
    total       BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    -- Until when a node sees to it. Two that do so at once only do it twice.
    taken_until BIGINT NOT NULL DEFAULT 0,
    finished_at BIGINT,
    CONSTRAINT jobs_kind_known CHECK (kind IN ('account', 'trip'))
);

CREATE UNIQUE INDEX jobs_open ON jobs (kind, subject) WHERE finished_at IS NULL;
CREATE INDEX jobs_free ON jobs (taken_until) WHERE finished_at IS NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
