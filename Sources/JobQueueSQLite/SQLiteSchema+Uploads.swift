extension SQLiteSchema {
  static let version8 = """
    CREATE TABLE uploads (
      id TEXT PRIMARY KEY,
      owner TEXT NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('whole', 'partial', 'final')),
      metadata TEXT NOT NULL,
      -- A final upload's list, as JSON.
      parts TEXT,
      length INTEGER CHECK (length >= 0),
      received INTEGER NOT NULL CHECK (received >= 0 AND received <= coalesce(length, received)),
      epoch INTEGER NOT NULL CHECK (epoch >= 0),
      segment_count INTEGER NOT NULL CHECK (segment_count >= 0),
      is_named INTEGER NOT NULL CHECK (is_named IN (0, 1)),
      created_at INTEGER NOT NULL,
      touched_at INTEGER NOT NULL,
      completed_at INTEGER,
      expired_at INTEGER,
      CHECK ((kind = 'final') = (parts IS NOT NULL))
    ) STRICT;
    CREATE UNIQUE INDEX uploads_list ON uploads (owner, parts) WHERE parts IS NOT NULL AND expired_at IS NULL;
    CREATE INDEX uploads_touched ON uploads (touched_at) WHERE expired_at IS NULL;
    CREATE INDEX uploads_expired ON uploads (expired_at) WHERE expired_at IS NOT NULL;

    CREATE TABLE upload_parts (
      final_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      part_id TEXT NOT NULL,
      PRIMARY KEY (final_id, position)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX upload_parts_part ON upload_parts (part_id);

    CREATE TABLE upload_segments (
      upload_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
      start INTEGER NOT NULL CHECK (start >= 0),
      bytes INTEGER NOT NULL CHECK (bytes > 0),
      file TEXT NOT NULL,
      sha256 TEXT NOT NULL,
      PRIMARY KEY (upload_id, start)
    ) STRICT, WITHOUT ROWID;

    -- Uploads that unfinished jobs read.
    CREATE TABLE upload_pins (
      upload_id TEXT NOT NULL,
      job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
      PRIMARY KEY (upload_id, job_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX upload_pins_job ON upload_pins (job_id);
    """
}
