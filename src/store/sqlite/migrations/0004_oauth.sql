-- OAuth for programs that ask for it. Hashes of secrets are SHA-256, 32 bytes.

-- Programs that registered themselves. Those that are named by a document on the web
-- are in no row of their own.
CREATE TABLE oauth_clients (
    id         TEXT    PRIMARY KEY,
    name       TEXT    NOT NULL,
    redirects  TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_clients_by_age ON oauth_clients (created_at);

-- What the owner allowed a program. It expires with the last token that can renew it.
CREATE TABLE oauth_grants (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    client      TEXT    NOT NULL,
    client_name TEXT    NOT NULL,
    resource    TEXT    NOT NULL,
    scopes      TEXT    NOT NULL,
    apps        TEXT,
    code        BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    used_at     INTEGER,
    revoked_at  INTEGER
) STRICT;
CREATE INDEX oauth_grants_by_client ON oauth_grants (client);
-- A code that comes again is known by the grant it was made for.
CREATE UNIQUE INDEX oauth_grants_by_code ON oauth_grants (code);

CREATE TABLE oauth_codes (
    hash       BLOB    PRIMARY KEY,
    grant_id   INTEGER NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    redirect   TEXT    NOT NULL,
    challenge  TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every renewal spends a token and makes the next; spent ones are kept, so that one that
-- comes again is found out.
CREATE TABLE oauth_refresh (
    hash       BLOB    PRIMARY KEY,
    grant_id   INTEGER NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    spent_at   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_refresh_by_grant ON oauth_refresh (grant_id);

CREATE TABLE oauth_access (
    prefix     TEXT    PRIMARY KEY,
    hash       BLOB    NOT NULL,
    grant_id   INTEGER NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    scopes     TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX oauth_access_by_grant ON oauth_access (grant_id);
