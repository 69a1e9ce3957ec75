-- The row ids of apps are never given twice: what a ledger, an address or a memory
-- still says of an app that is gone must not be said of another.
CREATE TABLE app_ids (last INTEGER NOT NULL) STRICT;
INSERT INTO app_ids
SELECT max(
    ifnull((SELECT max(id) FROM apps), 0),
    ifnull((SELECT max(CAST(substr(cell, 12) AS INTEGER)) FROM edits
        WHERE cell LIKE '{"trashed":%'), 0)
);
