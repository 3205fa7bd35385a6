"""The stand-in's tables. Instants are integer microseconds of its own clock; days are ISO dates."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS levels (
  sku TEXT NOT NULL, depot TEXT NOT NULL, on_hand INTEGER NOT NULL CHECK (on_hand >= 0),
  reserved_elsewhere INTEGER NOT NULL DEFAULT 0 CHECK (reserved_elsewhere >= 0), as_of INTEGER NOT NULL,
  PRIMARY KEY (sku, depot)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS units (
  serial TEXT PRIMARY KEY, sku TEXT NOT NULL, depot TEXT NOT NULL,
  condition TEXT NOT NULL, status TEXT NOT NULL, as_of INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS units_pool ON units (sku, depot);
CREATE INDEX IF NOT EXISTS units_depot ON units (depot);
CREATE INDEX IF NOT EXISTS levels_depot ON levels (depot);

-- What became of every key. A 'held' row past its expires_at is dead, without anybody having to say so.
CREATE TABLE IF NOT EXISTS reservations (
  id TEXT PRIMARY KEY, state TEXT NOT NULL, at INTEGER NOT NULL, expires_at INTEGER,
  start_on TEXT, ends_before TEXT, lines TEXT NOT NULL
) WITHOUT ROWID;

-- What is promised now: a row lives exactly as long as its claim. There is no counter that could drift.
CREATE TABLE IF NOT EXISTS claims (
  reservation TEXT NOT NULL, sku TEXT NOT NULL, depot TEXT NOT NULL, kind TEXT NOT NULL,
  quantity INTEGER NOT NULL CHECK (quantity > 0), units_out INTEGER NOT NULL DEFAULT 0,
  start_on TEXT, ends_before TEXT, expires_at INTEGER,
  PRIMARY KEY (reservation, sku, depot, kind)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS claims_pool ON claims (sku, depot, kind);
CREATE INDEX IF NOT EXISTS claims_expiry ON claims (expires_at) WHERE expires_at IS NOT NULL;

-- Every unit that ever left under a key; in_at NULL: it is still out.
CREATE TABLE IF NOT EXISTS handovers (
  reservation TEXT NOT NULL, serial TEXT NOT NULL, in_at INTEGER, PRIMARY KEY (reservation, serial)
) WITHOUT ROWID;

-- The change feed: each level and unit is in it once, at its latest change.
CREATE TABLE IF NOT EXISTS changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, ref TEXT NOT NULL, depot TEXT NOT NULL,
  UNIQUE (kind, ref, depot)
);
"""

TABLES = ("meta", "levels", "units", "reservations", "claims", "handovers", "changes")
