-- Sessions of protocol revisions that have them, so that they outlive a restart.
CREATE TABLE mcp_sessions (
    hash BLOB PRIMARY KEY,
    caller TEXT NOT NULL,
    state TEXT NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX mcp_sessions_by_caller ON mcp_sessions (caller, seen_at);

-- Addresses that take one upload each.
CREATE TABLE upload_tickets (
    hash BLOB PRIMARY KEY,
    caller TEXT NOT NULL,
    input TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
