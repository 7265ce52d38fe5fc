-- Who is to drive an order by the plan of a day, and when they are to be at the pickup: both or neither.
ALTER TABLE orders ADD COLUMN reserved_for UUID;
ALTER TABLE orders ADD COLUMN reserved_at BIGINT;
