-- What one courier has under way is counted with each publication.
CREATE INDEX trips_live_of ON trips (courier) WHERE state IN ('active', 'in_progress');
