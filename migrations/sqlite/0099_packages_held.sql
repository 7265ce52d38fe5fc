-- What one sender has open is counted with each publication.
CREATE INDEX packages_held ON packages (sender) WHERE state IN ('template', 'open', 'assigned');
