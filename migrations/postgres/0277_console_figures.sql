-- What the desk's console shows beside: how many orders were placed while a surge was on and how high it was, how long orders took
-- from being placed to being done, and what they were quoted at. Hours from before have none of it, so a mean is of as many
-- orders as are known (quoted, timed).
ALTER TABLE order_hours ADD COLUMN surged BIGINT NOT NULL DEFAULT 0;
ALTER TABLE order_hours ADD COLUMN surge_percent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE order_hours ADD COLUMN quoted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE order_hours ADD COLUMN whole_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE order_hours ADD COLUMN quoted_minor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE order_hours ADD COLUMN timed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE courier_hours ADD COLUMN surged BIGINT NOT NULL DEFAULT 0;
ALTER TABLE courier_hours ADD COLUMN surge_percent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE courier_hours ADD COLUMN quoted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE courier_hours ADD COLUMN whole_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE courier_hours ADD COLUMN quoted_minor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE courier_hours ADD COLUMN timed BIGINT NOT NULL DEFAULT 0;
