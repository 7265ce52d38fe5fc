-- Packages that nobody has taken are closed when their time is over.
CREATE INDEX packages_lapsing ON packages (deliver_by) WHERE state = 'open';
