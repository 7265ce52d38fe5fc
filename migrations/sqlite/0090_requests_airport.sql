-- The airport or station that a courier names in a response, where it differs from what the trip says.
ALTER TABLE requests ADD COLUMN airport TEXT NOT NULL DEFAULT '';
