-- A sender may leave time to choose among the couriers who agree.

-- When the sender wants to know the courier at the latest; NULL makes the first acceptance a deal at once.
ALTER TABLE packages ADD COLUMN confirm_by INTEGER;

-- When the courier agreed to a request that waits for the choice. Its state stays 'pending': nothing is held yet.
ALTER TABLE requests ADD COLUMN agreed_at INTEGER;

-- Choices that are due, wherever their node has gone.
CREATE INDEX requests_agreed ON requests (package_id) WHERE state = 'pending' AND agreed_at IS NOT NULL;

-- What couriers did with their offers is counted at the start.
CREATE INDEX requests_offered ON requests (created_at, courier) WHERE origin = 'engine';

-- What was published lately is what prices of room are learned from.
CREATE INDEX packages_published ON packages (created_at);
