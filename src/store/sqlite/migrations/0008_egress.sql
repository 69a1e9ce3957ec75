-- What functions may fetch from the outside, and what they fetched.

-- Rows without an app hold for every app.
CREATE TABLE fetch_rules (
    id INTEGER PRIMARY KEY,
    app_id INTEGER REFERENCES apps (id) ON DELETE CASCADE,
    host TEXT NOT NULL,
    rule TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX fetch_rules_by_host ON fetch_rules (host, ifnull(app_id, 0));
CREATE INDEX fetch_rules_by_app ON fetch_rules (app_id);

-- Values are sealed; rows without an app are every app's.
CREATE TABLE secrets (
    id INTEGER PRIMARY KEY,
    app_id INTEGER REFERENCES apps (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    sealed TEXT NOT NULL,
    way TEXT NOT NULL,
    set_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX secrets_by_name ON secrets (name, ifnull(app_id, 0));
CREATE INDEX secrets_by_app ON secrets (app_id);

CREATE TABLE fetches (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    app_id INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    method TEXT NOT NULL,
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    status INTEGER,
    code TEXT,
    ms INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    cached INTEGER NOT NULL
) STRICT;
CREATE INDEX fetches_by_app ON fetches (app_id, id);

-- The rules that held when a version was stored.
ALTER TABLE versions ADD COLUMN fetch_rules TEXT;
CREATE TRIGGER versions_fetch_rules AFTER INSERT ON versions BEGIN
    UPDATE versions SET fetch_rules = (
        SELECT json_group_array(json_object('app', app_id, 'host', host, 'rule', json(rule)))
        FROM (SELECT * FROM fetch_rules
            WHERE app_id IS NULL OR app_id = NEW.app_id ORDER BY host, app_id))
    WHERE app_id = NEW.app_id AND version = NEW.version;
END;
