-- What administrators have done to accounts, for those who come after them. It names people by their ids alone.
CREATE TABLE staff_actions (
    id      BLOB PRIMARY KEY,
    -- Whose account.
    person  BLOB NOT NULL REFERENCES users (id),
    action  TEXT NOT NULL,
    -- The new role, where that is what changed.
    detail  TEXT NOT NULL,
    -- Who did it, from where, and when.
    actor   BLOB NOT NULL REFERENCES users (id),
    address TEXT NOT NULL,
    at      INTEGER NOT NULL,
    CONSTRAINT staff_actions_known CHECK (
        action IN ('created', 'renamed', 'role_changed', 'blocked', 'unblocked', 'password_reset',
                   'second_factor_removed', 'deleted')
    )
) STRICT;

CREATE INDEX staff_actions_of_person ON staff_actions (person, at);
CREATE INDEX staff_actions_by_time ON staff_actions (at);
