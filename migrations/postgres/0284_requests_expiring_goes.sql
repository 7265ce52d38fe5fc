-- no-transaction
-- Nothing has read it since requests_ending (0042); each offer and each answer wrote it.
DROP INDEX CONCURRENTLY IF EXISTS requests_expiring;
