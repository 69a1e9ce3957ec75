-- What functions of an app read as their environment.
CREATE TABLE app_env (
    app_id INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    name   TEXT    NOT NULL,
    value  TEXT    NOT NULL,
    PRIMARY KEY (app_id, name)
) STRICT, WITHOUT ROWID;

-- The owner's budgets of an app's functions: an object in JSON, or none.
ALTER TABLE apps ADD COLUMN limits TEXT;
