//! `records.db`: what people decide and what nodes are promised; every commit is on disk when it returns.
//!
//! The file's formats stand here in their order. Each wing that keeps records adds its tables as one more format at
//! the end, and never changes a format that has left the house.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rusqlite::Connection;

use super::sqlite::{OpenError, open_writer};

/// The file's name in the data folder.
pub const FILE: &str = "records.db";

/// `FORMATS[n]` takes format `n` to `n + 1`.
const FORMATS: &[&str] = &[REGISTRY, AUDIT, PEOPLE, KEYS, AWAITED, KNOCKS, EQUIPMENT, ALERTS];

/// Format 1. Times are milliseconds since 1970. A secret is a PHC string, never the secret.
pub(crate) const REGISTRY: &str = "
CREATE TABLE revision(
    one INTEGER PRIMARY KEY CHECK (one = 1),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO revision(one, value) VALUES (1, 0);

CREATE TABLE node(
    id TEXT PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    node_type TEXT,
    name_el TEXT,
    name_en TEXT,
    serial TEXT,
    enrolled_at INTEGER NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0,
    secret TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE placement(
    node TEXT NOT NULL REFERENCES node(id),
    valid_from INTEGER NOT NULL,
    site TEXT,
    zone TEXT,
    lat REAL,
    lon REAL,
    PRIMARY KEY (node, valid_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE calibration(
    node TEXT NOT NULL REFERENCES node(id),
    quantity TEXT NOT NULL,
    channel INTEGER NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_until INTEGER,
    gain REAL NOT NULL,
    offset REAL NOT NULL,
    unsound INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (node, quantity, channel, valid_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE session(
    node TEXT PRIMARY KEY REFERENCES node(id),
    id INTEGER NOT NULL,
    commands_qos INTEGER,
    expiry_s INTEGER NOT NULL,
    kept_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE command(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    node TEXT NOT NULL REFERENCES node(id),
    payload BLOB NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    delivered_at INTEGER,
    answered_at INTEGER,
    reply BLOB
) STRICT;
CREATE INDEX command_by_node ON command(node, id);
CREATE INDEX command_waiting ON command(node, id) WHERE state = 0;

CREATE TABLE knock(
    node TEXT NOT NULL,
    reason TEXT NOT NULL,
    last_at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (node, reason)
) STRICT, WITHOUT ROWID;
CREATE INDEX knock_by_time ON knock(last_at);

CREATE TABLE change(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    before_json TEXT,
    after_json TEXT,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX change_by_subject ON change(subject, id);
";

/// Format 2: the audit log. What `change` holds is taken into it by `audit::adopt`, which drops that table.
const AUDIT: &str = "
CREATE TABLE audit(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    source TEXT NOT NULL,
    category TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    done INTEGER NOT NULL,
    before_json TEXT,
    after_json TEXT,
    reason TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_subject ON audit(subject, id);
CREATE INDEX audit_by_actor ON audit(actor, id);
CREATE INDEX audit_by_time ON audit(at);

CREATE TABLE audit_start(
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;
INSERT INTO audit_start(one, id, hash) VALUES (1, 0, zeroblob(32));

CREATE TABLE audit_told(
    way TEXT PRIMARY KEY,
    told_at INTEGER,
    tried_at INTEGER NOT NULL,
    error TEXT
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit WHEN old.id > (SELECT id FROM audit_start)
BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
";

/// Format 3: people, their sessions and tokens. Names stand in `identity` alone, so that erasing a row there leaves
/// every record whole; a session, a link and a token are kept as SHA-256, a password as a PHC string.
const PEOPLE: &str = "
CREATE TABLE person(
    id TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    external INTEGER NOT NULL,
    valid_until INTEGER,
    created_at INTEGER NOT NULL,
    password TEXT,
    password_at INTEGER,
    totp BLOB,
    totp_pending BLOB,
    totp_step INTEGER NOT NULL DEFAULT 0,
    signed_in_at INTEGER,
    blocked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE identity(
    person TEXT PRIMARY KEY REFERENCES person(id),
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    employer TEXT,
    directory TEXT UNIQUE
) STRICT, WITHOUT ROWID;

CREATE TABLE person_site(
    person TEXT NOT NULL REFERENCES person(id),
    site TEXT NOT NULL,
    PRIMARY KEY (person, site)
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_code(
    person TEXT NOT NULL REFERENCES person(id),
    hash BLOB NOT NULL,
    PRIMARY KEY (person, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE link(
    hash BLOB PRIMARY KEY,
    person TEXT REFERENCES person(id),
    created_at INTEGER NOT NULL,
    valid_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE web_session(
    hash BLOB PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person(id),
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    whole INTEGER NOT NULL,
    source TEXT NOT NULL,
    agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX web_session_by_person ON web_session(person);

CREATE TABLE token(
    id TEXT PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    valid_until INTEGER NOT NULL,
    used_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
";

/// Format 4: certificates of nodes that the built-in authority issued, by SHA-256 of their DER form. Their keys are kept nowhere.
const KEYS: &str = "
CREATE TABLE certificate(
    fingerprint BLOB PRIMARY KEY,
    node TEXT NOT NULL REFERENCES node(id),
    issued_at INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX certificate_by_node ON certificate(node);
";

/// Format 5: until when a node that a person let in may bind the secret it shows first.
const AWAITED: &str = "ALTER TABLE node ADD COLUMN awaited_until INTEGER";

/// Format 6: from where a node knocked that was not let in; empty where somebody else stood between.
const KNOCKS: &str = "
ALTER TABLE knock ADD COLUMN address TEXT NOT NULL DEFAULT '';
CREATE INDEX knock_by_address ON knock(address, last_at);
";

/// Format 7: equipment. What stands where, what was done about it, and what that makes of it. A step is never changed nor
/// removed; `dossier` is made of the steps, and can be made anew. Where somebody stood is no part of a step: it goes.
const EQUIPMENT: &str = "
CREATE TABLE asset(
    id TEXT PRIMARY KEY,
    parent TEXT REFERENCES asset(id),
    json TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE step(
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    asset TEXT NOT NULL REFERENCES asset(id),
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    arrived_at INTEGER NOT NULL,
    by TEXT NOT NULL,
    json TEXT NOT NULL,
    form TEXT
) STRICT;
CREATE INDEX step_by_asset ON step(asset, number);
CREATE INDEX step_by_kind ON step(kind, number);
CREATE INDEX step_by_arrival ON step(arrived_at);

CREATE TABLE dossier(
    asset TEXT PRIMARY KEY REFERENCES asset(id),
    step INTEGER NOT NULL,
    json TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE document(
    sha256 TEXT PRIMARY KEY,
    media TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE distance(
    step TEXT PRIMARY KEY REFERENCES step(uid),
    metres INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE equipment_revision(
    one INTEGER PRIMARY KEY CHECK (one = 1),
    value INTEGER NOT NULL
) STRICT;
INSERT INTO equipment_revision(one, value) VALUES (1, 0);

CREATE TRIGGER step_is_not_changed BEFORE UPDATE ON step
BEGIN SELECT raise(ABORT, 'a step is never changed'); END;
CREATE TRIGGER step_is_not_removed BEFORE DELETE ON step
BEGIN SELECT raise(ABORT, 'a step is never removed'); END;
CREATE TRIGGER document_is_not_changed BEFORE UPDATE ON document
BEGIN SELECT raise(ABORT, 'a document is never changed'); END;
";

/// Format 8: alerts, what was done about each, what rests them, who is on call, what they tell each other, and the notices that go
/// out. `alert` is made of its steps but for what was found, which is as it was last seen. A step is never changed, and goes with its alert when that is over.
const ALERTS: &str = "
CREATE TABLE alert(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    rule TEXT NOT NULL,
    subject TEXT NOT NULL,
    zone TEXT,
    severity TEXT NOT NULL,
    state TEXT NOT NULL,
    raised_at INTEGER NOT NULL,
    cleared_at INTEGER,
    json TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX alert_open ON alert(rule, subject) WHERE cleared_at IS NULL;
CREATE INDEX alert_by_subject ON alert(subject, id);
CREATE INDEX alert_by_rule ON alert(rule, subject, id);

CREATE TABLE alert_step(
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    alert INTEGER NOT NULL REFERENCES alert(id),
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    json TEXT NOT NULL
) STRICT;
CREATE INDEX alert_step_by_alert ON alert_step(alert, number);
CREATE INDEX alert_step_by_time ON alert_step(at);

CREATE TABLE alert_rule(
    code TEXT PRIMARY KEY,
    toml TEXT,
    rests INTEGER NOT NULL,
    at INTEGER NOT NULL,
    by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE maintenance(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subject TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    until_at INTEGER NOT NULL,
    note TEXT NOT NULL,
    at INTEGER NOT NULL,
    by TEXT NOT NULL
) STRICT;

CREATE TABLE on_call(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    json TEXT NOT NULL,
    at INTEGER NOT NULL,
    by TEXT NOT NULL
) STRICT;

CREATE TABLE shift_note(
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    json TEXT NOT NULL
) STRICT;
CREATE INDEX shift_note_by_time ON shift_note(at);

CREATE TABLE notice(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    alert INTEGER,
    person TEXT,
    way TEXT NOT NULL,
    target TEXT NOT NULL,
    json TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,
    sent_at INTEGER,
    failed_at INTEGER,
    error TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX notice_due ON notice(next_at) WHERE next_at IS NOT NULL;
CREATE INDEX notice_by_alert ON notice(alert, id);
CREATE INDEX notice_failed ON notice(failed_at) WHERE failed_at IS NOT NULL;

CREATE TRIGGER alert_step_is_not_changed BEFORE UPDATE ON alert_step
BEGIN SELECT raise(ABORT, 'a step of an alert is never changed'); END;
CREATE TRIGGER alert_step_is_not_removed BEFORE DELETE ON alert_step
WHEN (SELECT cleared_at FROM alert WHERE id = old.alert) IS NULL
BEGIN SELECT raise(ABORT, 'a step goes with its alert when that is over'); END;
CREATE TRIGGER shift_note_is_not_changed BEFORE UPDATE ON shift_note
BEGIN SELECT raise(ABORT, 'a note of a shift is never changed'); END;
";

/// Opens the records for writing, creating them readable by their owner alone.
///
/// # Errors
/// [`OpenError`]: a newer format is refused, untouched.
pub fn open(path: &Path) -> Result<Connection, OpenError> {
    // SQLite gives its WAL the same permissions. When this fails SQLite says why, with the path.
    let _ = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
    open_writer(path, FORMATS)
}

/// Opens the records for reading alone, beside whoever writes them.
///
/// # Errors
/// [`OpenError`].
pub fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    super::sqlite::open_reader(path)
}
