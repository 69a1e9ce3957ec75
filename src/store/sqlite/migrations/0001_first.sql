-- The first schema. Times are Unix milliseconds. Hashes are BLAKE3, 32 bytes.

CREATE TABLE apps (
    id         INTEGER PRIMARY KEY,
    uid        TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    live       INTEGER,
    spa        INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    trashed_at INTEGER
) STRICT;
-- A name is free again once its app is in the trash.
CREATE UNIQUE INDEX apps_by_name ON apps (name) WHERE trashed_at IS NULL;

CREATE TABLE versions (
    app_id     INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    caller     TEXT    NOT NULL,
    message    TEXT,
    files      INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    tree_hash  BLOB    NOT NULL,
    manifest   TEXT    NOT NULL,
    settings   TEXT    NOT NULL,
    withdrawn  INTEGER NOT NULL DEFAULT 0,
    pinned     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (app_id, version)
) STRICT, WITHOUT ROWID;

-- Which version was live, in order: rolling back reads this.
CREATE TABLE live_log (
    id      INTEGER PRIMARY KEY,
    app_id  INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX live_log_by_app ON live_log (app_id, id);

CREATE TABLE blobs (
    id         INTEGER PRIMARY KEY,
    hash       BLOB    NOT NULL UNIQUE,
    size       INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    -- 0 never asked for, 1 waits for compression, 2 done
    compress   INTEGER NOT NULL DEFAULT 0,
    -- NULL: the content is in `chunks`
    data       BLOB
) STRICT;
CREATE INDEX blobs_to_compress ON blobs (id) WHERE compress = 1;

CREATE TABLE chunks (
    blob_id INTEGER NOT NULL REFERENCES blobs (id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    data    BLOB    NOT NULL,
    UNIQUE (blob_id, seq)
) STRICT;

CREATE TABLE variants (
    id       INTEGER PRIMARY KEY,
    blob_id  INTEGER NOT NULL REFERENCES blobs (id) ON DELETE CASCADE,
    encoding INTEGER NOT NULL,
    data     BLOB    NOT NULL,
    UNIQUE (blob_id, encoding)
) STRICT;

CREATE TABLE files (
    app_id  INTEGER NOT NULL,
    version INTEGER NOT NULL,
    path    TEXT    NOT NULL,
    blob_id INTEGER NOT NULL REFERENCES blobs (id),
    PRIMARY KEY (app_id, version, path),
    FOREIGN KEY (app_id, version) REFERENCES versions (app_id, version) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_blob ON files (blob_id);

CREATE TABLE aliases (
    name   TEXT    PRIMARY KEY,
    kind   TEXT    NOT NULL,
    app_id INTEGER REFERENCES apps (id) ON DELETE CASCADE,
    target TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- The ledger. Each row's hash covers the row and the hash before it.
CREATE TABLE changes (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    caller    TEXT    NOT NULL,
    face      TEXT    NOT NULL,
    client    TEXT,
    tool      TEXT    NOT NULL,
    app       TEXT,
    summary   TEXT    NOT NULL,
    input     TEXT    NOT NULL,
    undone_by INTEGER,
    hash      BLOB    NOT NULL
) STRICT;
CREATE INDEX changes_by_app ON changes (app, id);

-- What a change changed: one cell of state each, before and after, as JSON.
CREATE TABLE edits (
    change_id INTEGER NOT NULL REFERENCES changes (id) ON DELETE CASCADE,
    seq       INTEGER NOT NULL,
    cell      TEXT    NOT NULL,
    before    TEXT    NOT NULL,
    after     TEXT    NOT NULL,
    PRIMARY KEY (change_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX edits_by_cell ON edits (cell, change_id);

CREATE TABLE owner (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    password_hash TEXT    NOT NULL,
    changed_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE setup_links (
    hash       BLOB    PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    hash       BLOB    PRIMARY KEY,
    csrf       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id         INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL,
    prefix     TEXT    NOT NULL UNIQUE,
    hash       BLOB    NOT NULL,
    scopes     TEXT    NOT NULL,
    apps       TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    used_at    INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE UNIQUE INDEX tokens_by_name ON tokens (name) WHERE revoked_at IS NULL;

CREATE TABLE peers (
    name    TEXT    PRIMARY KEY,
    url     TEXT    NOT NULL,
    token   TEXT    NOT NULL,
    version TEXT,
    seen_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    key         TEXT    PRIMARY KEY,
    fingerprint BLOB    NOT NULL,
    at          INTEGER NOT NULL,
    status      INTEGER,
    body        TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE traffic (
    app_id   INTEGER NOT NULL,
    hour     INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    errors   INTEGER NOT NULL,
    PRIMARY KEY (app_id, hour)
) STRICT, WITHOUT ROWID;
