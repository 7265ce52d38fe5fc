-- no-transaction
-- The operators' queue, page by page.
CREATE INDEX CONCURRENTLY withdrawals_waiting ON withdrawals (id) WHERE state = 'queued';
