-- What the platform takes of rewards, for each kind of deal: a version for each change of the settings, never changed
-- afterwards. A package names the version that it was published with; 0 is older than versions.
CREATE TABLE fees (
    version       BIGINT NOT NULL,
    kind          TEXT NOT NULL,
    bps           BIGINT NOT NULL,
    minimum_minor BIGINT NOT NULL,
    -- When a server first used it.
    since         BIGINT NOT NULL,
    PRIMARY KEY (version, kind),
    CONSTRAINT fees_kind_known CHECK (kind IN ('instant', 'choose')),
    CONSTRAINT fees_are_a_share CHECK (bps BETWEEN 0 AND 10000),
    CONSTRAINT fees_minimum_not_negative CHECK (minimum_minor >= 0)
);

ALTER TABLE packages ADD COLUMN fee_version BIGINT NOT NULL DEFAULT 0
    CONSTRAINT packages_fee_version_not_negative CHECK (fee_version >= 0);
