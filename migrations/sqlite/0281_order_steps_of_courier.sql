-- See 0280.
CREATE INDEX order_steps_of_courier ON order_steps (courier, at) WHERE courier IS NOT NULL;
