-- Nothing has read it since requests_ending (0042); each offer and each answer wrote it.
DROP INDEX requests_expiring;
