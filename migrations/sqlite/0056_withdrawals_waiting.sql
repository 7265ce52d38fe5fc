-- The operators' queue, page by page.
CREATE INDEX withdrawals_waiting ON withdrawals (id) WHERE state = 'queued';
