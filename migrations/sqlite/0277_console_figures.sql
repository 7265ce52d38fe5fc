-- What the desk's console shows beside: how many orders were placed while a surge was on and how high it was, how long orders took
-- from being placed to being done, and what they were quoted at. Hours from before have none of it, so a mean is of as many
-- orders as are known (quoted, timed).
ALTER TABLE order_hours ADD COLUMN surged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE order_hours ADD COLUMN surge_percent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE order_hours ADD COLUMN quoted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE order_hours ADD COLUMN whole_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE order_hours ADD COLUMN quoted_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE order_hours ADD COLUMN timed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE courier_hours ADD COLUMN surged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE courier_hours ADD COLUMN surge_percent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE courier_hours ADD COLUMN quoted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE courier_hours ADD COLUMN whole_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE courier_hours ADD COLUMN quoted_minor INTEGER NOT NULL DEFAULT 0;
ALTER TABLE courier_hours ADD COLUMN timed INTEGER NOT NULL DEFAULT 0;
