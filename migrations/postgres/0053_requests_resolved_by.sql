-- The operator who has ended a dispute, or a deal that neither party ended.
ALTER TABLE requests ADD COLUMN resolved_by UUID;
