//! The format of `telemetry.db`, step by step; a step that was released is never edited.

/// Takes format `n` to `n + 1`.
pub(super) const TELEMETRY: &[&str] = &[FORMAT_1, FORMAT_2];

const FORMAT_1: &str = "
-- One row: how far the journal is stored, and the last change number given.
CREATE TABLE progress(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  position INTEGER NOT NULL,
  change INTEGER NOT NULL
);
INSERT INTO progress VALUES (1, 0, 0);

CREATE TABLE datastream(
  id INTEGER PRIMARY KEY,
  node TEXT NOT NULL,
  quantity TEXT NOT NULL,
  channel INTEGER NOT NULL,
  external INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  next_ordinal INTEGER NOT NULL,
  first_at INTEGER,
  last_at INTEGER,
  received_at INTEGER,
  UNIQUE (node, quantity, channel)
);

-- Observations of one checkpoint, or of several merged: rows of a segment lie beside each other, so that a checkpoint
-- writes in sequence whatever number of datastreams it touches.
CREATE TABLE segment(id INTEGER PRIMARY KEY, level INTEGER NOT NULL);
CREATE TABLE delta(
  segment INTEGER NOT NULL,
  datastream INTEGER NOT NULL,
  n INTEGER NOT NULL,
  measured_min INTEGER NOT NULL,
  measured_max INTEGER NOT NULL,
  ordinal_min INTEGER NOT NULL,
  ordinal_max INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (segment, datastream)
) WITHOUT ROWID;

-- Sealed chunks; those of one datastream do not overlap in time.
CREATE TABLE chunk(
  datastream INTEGER NOT NULL,
  measured_min INTEGER NOT NULL,
  measured_max INTEGER NOT NULL,
  n INTEGER NOT NULL,
  ordinal_min INTEGER NOT NULL,
  ordinal_max INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (datastream, measured_min)
) WITHOUT ROWID;

-- Observations that a later one of the same name corrected.
CREATE TABLE superseded(
  datastream INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  by_ordinal INTEGER NOT NULL,
  PRIMARY KEY (datastream, ordinal)
) WITHOUT ROWID;

CREATE TABLE aggregate(
  window INTEGER NOT NULL,
  start INTEGER NOT NULL,
  datastream INTEGER NOT NULL,
  end INTEGER NOT NULL,
  change INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  zone TEXT,
  count INTEGER NOT NULL,
  suspect INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  expected INTEGER,
  valid INTEGER NOT NULL,
  mean REAL, min REAL, max REAL, sum REAL,
  p10 REAL, p50 REAL, p90 REAL, p95 REAL,
  shares TEXT,
  PRIMARY KEY (window, start, datastream)
) WITHOUT ROWID;
CREATE UNIQUE INDEX aggregate_by_change ON aggregate(change);

-- Windows that wait to settle, or to be computed again.
CREATE TABLE unsettled(
  end INTEGER NOT NULL,
  window INTEGER NOT NULL,
  datastream INTEGER NOT NULL,
  start INTEGER NOT NULL,
  PRIMARY KEY (end, window, datastream)
) WITHOUT ROWID;

CREATE TABLE node(
  id TEXT PRIMARY KEY,
  ledger BLOB NOT NULL,
  received_at INTEGER,
  status BLOB,
  status_at INTEGER
) WITHOUT ROWID;

-- The duplicate filter: intervals of sequences used, by the name's other parts.
CREATE TABLE name(
  node TEXT NOT NULL,
  incarnation INTEGER NOT NULL,
  boot INTEGER NOT NULL,
  intervals BLOB NOT NULL,
  used INTEGER NOT NULL,
  PRIMARY KEY (node, incarnation, boot)
) WITHOUT ROWID;
-- Messages without times of their own, known by session, packet id and content.
CREATE TABLE delivered(id INTEGER PRIMARY KEY, node TEXT NOT NULL, hash INTEGER NOT NULL);

CREATE TABLE rejection(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  position INTEGER NOT NULL,
  reading INTEGER,
  node TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  replayed_at INTEGER
);
CREATE INDEX rejection_by_node ON rejection(node, id);
CREATE INDEX rejection_by_position ON rejection(position);
CREATE TABLE rejected_frame(position INTEGER PRIMARY KEY, frame BLOB NOT NULL);

CREATE TABLE sink(name TEXT PRIMARY KEY, cursor INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE quarantine(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sink TEXT NOT NULL,
  change INTEGER NOT NULL,
  line TEXT NOT NULL,
  error TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (sink, change)
);
";

/// Format 1 counted observations by the next ordinal and kept `first_at` as it was first: both were wrong once the
/// oldest had gone. What is gone is told from the ordinals that no block holds.
const FORMAT_2: &str = "
ALTER TABLE datastream ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
-- Before this some observations are gone, and windows stay as they are written.
ALTER TABLE datastream ADD COLUMN removed_until INTEGER;
-- The earliest time there ever was: aggregates outlive observations.
ALTER TABLE datastream ADD COLUMN begun_at INTEGER;
UPDATE datastream SET begun_at = first_at;
-- Which length each window's number stands for.
CREATE TABLE window(id INTEGER PRIMARY KEY, length TEXT NOT NULL);
-- What its windows were made with; unknown in what format 1 left.
ALTER TABLE datastream ADD COLUMN basis INTEGER;

CREATE TEMP TABLE kept AS
  SELECT datastream, sum(n) AS n, min(measured_min) AS first_at FROM (
    SELECT datastream, n, measured_min FROM chunk UNION ALL SELECT datastream, n, measured_min FROM delta
  ) GROUP BY datastream;
INSERT INTO kept SELECT id, 0, NULL FROM datastream WHERE id NOT IN (SELECT datastream FROM kept);
UPDATE datastream SET
    removed = next_ordinal - kept.n,
    removed_until = coalesce(kept.first_at, last_at + 1),
    first_at = kept.first_at
  FROM kept WHERE kept.datastream = id AND NOT external AND kept.n < next_ordinal;
DROP TABLE kept;
DELETE FROM superseded
  WHERE datastream IN (SELECT id FROM datastream WHERE removed > 0)
    AND NOT EXISTS (SELECT 1 FROM chunk WHERE chunk.datastream = superseded.datastream
      AND superseded.ordinal BETWEEN ordinal_min AND ordinal_max)
    AND NOT EXISTS (SELECT 1 FROM segment
      CROSS JOIN delta ON delta.segment = segment.id AND delta.datastream = superseded.datastream
      WHERE superseded.ordinal BETWEEN ordinal_min AND ordinal_max);
";
