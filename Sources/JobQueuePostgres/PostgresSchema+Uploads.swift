extension PostgresSchema {
  /// Uploads in pieces.
  static func version5(_ schema: String) -> String {
    """
    CREATE TABLE \(schema).uploads (
      id text COLLATE "C" PRIMARY KEY,
      owner text COLLATE "C" NOT NULL,
      kind text NOT NULL CHECK (kind IN ('whole', 'partial', 'final')),
      metadata text NOT NULL,
      -- A final upload's list, as JSON.
      parts text COLLATE "C",
      length bigint CHECK (length >= 0),
      received bigint NOT NULL CHECK (received >= 0 AND received <= coalesce(length, received)),
      epoch bigint NOT NULL CHECK (epoch >= 0),
      segment_count bigint NOT NULL CHECK (segment_count >= 0),
      is_named smallint NOT NULL CHECK (is_named IN (0, 1)),
      created_at bigint NOT NULL,
      touched_at bigint NOT NULL,
      completed_at bigint,
      expired_at bigint,
      CHECK ((kind = 'final') = (parts IS NOT NULL))
    ) WITH (fillfactor = 60);
    -- By a digest: a list may be longer than what an index takes.
    CREATE UNIQUE INDEX uploads_list ON \(schema).uploads (owner, md5(parts)) WHERE parts IS NOT NULL AND expired_at IS NULL;
    CREATE INDEX uploads_touched ON \(schema).uploads (touched_at) WHERE expired_at IS NULL;
    CREATE INDEX uploads_expired ON \(schema).uploads (expired_at) WHERE expired_at IS NOT NULL;

    CREATE TABLE \(schema).upload_parts (
      final_id text COLLATE "C" NOT NULL REFERENCES \(schema).uploads (id) ON DELETE CASCADE,
      position bigint NOT NULL,
      part_id text COLLATE "C" NOT NULL,
      PRIMARY KEY (final_id, position)
    );
    CREATE INDEX upload_parts_part ON \(schema).upload_parts (part_id);

    CREATE TABLE \(schema).upload_segments (
      upload_id text COLLATE "C" NOT NULL REFERENCES \(schema).uploads (id) ON DELETE CASCADE,
      start bigint NOT NULL CHECK (start >= 0),
      bytes bigint NOT NULL CHECK (bytes > 0),
      file text NOT NULL,
      sha256 text NOT NULL,
      PRIMARY KEY (upload_id, start)
    );

    -- Uploads that unfinished jobs read.
    CREATE TABLE \(schema).upload_pins (
      upload_id text COLLATE "C" NOT NULL,
      job_id text COLLATE "C" NOT NULL REFERENCES \(schema).jobs (id) ON DELETE CASCADE,
      PRIMARY KEY (upload_id, job_id)
    );
    CREATE INDEX upload_pins_job ON \(schema).upload_pins (job_id)
    """
  }
}
