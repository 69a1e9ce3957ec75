-- Tokens whose removals wait for a person, and those that make so many calls a day.

ALTER TABLE tokens ADD COLUMN approval INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN budget INTEGER;
-- Calls made on the day `spent_day`, in days since 1970.
ALTER TABLE tokens ADD COLUMN spent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN spent_day INTEGER NOT NULL DEFAULT 0;

CREATE TABLE approvals (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    token_id   INTEGER NOT NULL REFERENCES tokens (id),
    -- what the caller could do when it asked: never more than its token
    scopes     TEXT    NOT NULL,
    face       TEXT    NOT NULL,
    client     TEXT,
    tool       TEXT    NOT NULL,
    input      TEXT    NOT NULL,
    question   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- pending, approved, denied or failed
    state      TEXT    NOT NULL DEFAULT 'pending',
    decided_at INTEGER,
    -- what the tool answered, or why it was refused
    outcome    TEXT,
    -- whether the caller was told the outcome
    told       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX approvals_by_call ON approvals (token_id, tool, id);
