-- What functions did. Bounded by rows and days; gone with its app.

CREATE TABLE log_requests (
    n       INTEGER PRIMARY KEY,
    id      TEXT    NOT NULL UNIQUE,
    app_id  INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    method  TEXT    NOT NULL,
    path    TEXT    NOT NULL,
    status  INTEGER NOT NULL,
    code    TEXT,
    -- microseconds
    wall    INTEGER NOT NULL,
    cpu     INTEGER NOT NULL,
    peak    INTEGER NOT NULL,
    -- JSON
    fault   TEXT,
    calls   TEXT
) STRICT;
CREATE INDEX log_requests_by_app ON log_requests (app_id, n);

CREATE TABLE log_lines (
    n       INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id  INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    -- the id of its request, which may be forgotten before it
    request TEXT,
    version INTEGER,
    at      INTEGER NOT NULL,
    -- 0 debug, 1 info, 2 warn, 3 error
    level   INTEGER NOT NULL,
    text    TEXT    NOT NULL,
    -- JSON, or nothing
    fields  TEXT    NOT NULL
) STRICT;
CREATE INDEX log_lines_by_app ON log_lines (app_id, n);
CREATE INDEX log_lines_by_request ON log_lines (request) WHERE request IS NOT NULL;
