-- Who got the order by this step, or had it and called it off: what a courier has done is counted by it.
ALTER TABLE order_steps ADD COLUMN courier BLOB;
