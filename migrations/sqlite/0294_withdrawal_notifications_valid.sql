-- SQLite has looked at the rows in 0285, where the table was made anew.
SELECT 1;
