-- What apps store. `scope` is empty for what all users share, else a user's id.

-- Kept by the triggers below: whatever writes, these are exact.
ALTER TABLE apps ADD COLUMN data_rows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE apps ADD COLUMN data_bytes INTEGER NOT NULL DEFAULT 0;

CREATE TABLE data_keys (
    app_id     INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    scope      TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    -- text is JSON, a blob is bytes
    value      ANY     NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (app_id, scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX data_keys_by_expiry ON data_keys (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE data_docs (
    app_id   INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    scope    TEXT    NOT NULL,
    coll     TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    document TEXT    NOT NULL,
    PRIMARY KEY (app_id, scope, coll, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE data_objects (
    app_id  INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    scope   TEXT    NOT NULL,
    path    TEXT    NOT NULL,
    media   TEXT    NOT NULL,
    blob_id INTEGER NOT NULL REFERENCES blobs (id),
    size    INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (app_id, scope, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX data_objects_by_blob ON data_objects (blob_id);

CREATE TRIGGER data_keys_added AFTER INSERT ON data_keys BEGIN
    UPDATE apps SET data_rows = data_rows + 1,
        data_bytes = data_bytes + octet_length(NEW.key) + octet_length(NEW.value)
    WHERE id = NEW.app_id;
END;
CREATE TRIGGER data_keys_changed AFTER UPDATE OF value ON data_keys
WHEN octet_length(NEW.value) <> octet_length(OLD.value) BEGIN
    UPDATE apps SET data_bytes = data_bytes + octet_length(NEW.value) - octet_length(OLD.value)
    WHERE id = NEW.app_id;
END;
CREATE TRIGGER data_keys_removed AFTER DELETE ON data_keys BEGIN
    UPDATE apps SET data_rows = data_rows - 1,
        data_bytes = data_bytes - octet_length(OLD.key) - octet_length(OLD.value)
    WHERE id = OLD.app_id;
END;

CREATE TRIGGER data_docs_added AFTER INSERT ON data_docs BEGIN
    UPDATE apps SET data_rows = data_rows + 1,
        data_bytes = data_bytes + octet_length(NEW.id) + octet_length(NEW.document)
    WHERE id = NEW.app_id;
END;
CREATE TRIGGER data_docs_changed AFTER UPDATE OF document ON data_docs
WHEN octet_length(NEW.document) <> octet_length(OLD.document) BEGIN
    UPDATE apps
    SET data_bytes = data_bytes + octet_length(NEW.document) - octet_length(OLD.document)
    WHERE id = NEW.app_id;
END;
CREATE TRIGGER data_docs_removed AFTER DELETE ON data_docs BEGIN
    UPDATE apps SET data_rows = data_rows - 1,
        data_bytes = data_bytes - octet_length(OLD.id) - octet_length(OLD.document)
    WHERE id = OLD.app_id;
END;

CREATE TRIGGER data_objects_added AFTER INSERT ON data_objects BEGIN
    UPDATE apps SET data_rows = data_rows + 1,
        data_bytes = data_bytes + octet_length(NEW.path) + NEW.size
    WHERE id = NEW.app_id;
END;
CREATE TRIGGER data_objects_changed AFTER UPDATE OF size ON data_objects
WHEN NEW.size <> OLD.size BEGIN
    UPDATE apps SET data_bytes = data_bytes + NEW.size - OLD.size WHERE id = NEW.app_id;
END;
CREATE TRIGGER data_objects_removed AFTER DELETE ON data_objects BEGIN
    UPDATE apps SET data_rows = data_rows - 1,
        data_bytes = data_bytes - octet_length(OLD.path) - OLD.size
    WHERE id = OLD.app_id;
END;
