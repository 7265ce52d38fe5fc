-- A photograph of a package as the courier took it over: one for each request, and it stays the one.
ALTER TABLE files ADD COLUMN request_id UUID;
ALTER TABLE files ADD CONSTRAINT files_photo_of_a_request CHECK ((request_id IS NULL) = (kind <> 'pickup_photo'));
CREATE UNIQUE INDEX files_one_photo ON files (request_id) WHERE request_id IS NOT NULL;
