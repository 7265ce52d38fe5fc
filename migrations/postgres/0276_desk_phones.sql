-- The phone of somebody of the desk, for the desk: nobody signs in with it.
ALTER TABLE users ADD COLUMN desk_phone TEXT NOT NULL DEFAULT '';
