-- no-transaction
-- What one sender has open is counted with each publication.
CREATE INDEX CONCURRENTLY packages_held ON packages (sender) WHERE state IN ('template', 'open', 'assigned');
