import GRDB
import JobQueue
import TallySchema

/// The tables. The rules that the code keeps are constraints here as well.
enum SQLiteSchema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: jobs, outputs, reservations, events") { database in
      try database.execute(sql: version1)
    }
    migrator.registerMigration("2: jobs that read several files") { database in
      try database.execute(
        sql: """
          CREATE INDEX jobs_several_inputs ON jobs (id)
          WHERE json_type(spec, '$.input') = 'array' AND state IN ('waiting', 'queued', 'running')
          """)
    }
    migrator.registerMigration("3: who has done what and when, and how many jobs are unfinished") { database in
      try database.execute(sql: version3)
    }
    migrator.registerMigration("4: less to write for each submission") { database in
      try database.execute(sql: version4)
    }
    migrator.registerMigration("5: what a job needs of a worker") { database in
      try database.execute(
        sql: "ALTER TABLE jobs ADD COLUMN needs TEXT NOT NULL DEFAULT '[]'")
    }
    migrator.registerMigration("6: jobs without an output") { database in
      try database.execute(sql: "CREATE INDEX jobs_unnamed ON jobs (finished_at) WHERE output = ''")
    }
    migrator.registerMigration("7: what runs read") { database in try database.execute(sql: version7) }
    migrator.registerMigration("8: uploads in pieces") { database in try database.execute(sql: version8) }
    return migrator
  }

  private static func list<Value: CaseIterable & RawRepresentable<String>>(_: Value.Type) -> String {
    Value.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
  }

  private static let version1 = """
    CREATE TABLE store (
      only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
      uuid TEXT NOT NULL
    ) STRICT;

    CREATE TABLE jobs (
      id TEXT PRIMARY KEY,
      owner TEXT NOT NULL,
      idempotency_key TEXT,
      spec TEXT NOT NULL,
      input TEXT NOT NULL,
      output TEXT NOT NULL,
      memory_bytes INTEGER NOT NULL CHECK (memory_bytes > 0),
      state TEXT NOT NULL CHECK (state IN (\(list(JobState.self)))),
      claim_key INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      ready_at INTEGER NOT NULL,
      started_at INTEGER,
      finished_at INTEGER,
      epoch INTEGER NOT NULL CHECK (epoch >= 0),
      attempts INTEGER NOT NULL CHECK (attempts >= 0),
      rescues INTEGER NOT NULL CHECK (rescues >= 0),
      sequence INTEGER NOT NULL CHECK (sequence > 0),
      cancel_requested INTEGER NOT NULL CHECK (cancel_requested IN (0, 1)),
      worker TEXT,
      lease_expires_at INTEGER,
      progress TEXT NOT NULL,
      result_file TEXT,
      result_bytes INTEGER,
      result_rows INTEGER,
      result_sha256 TEXT,
      result_generation INTEGER,
      publication TEXT NOT NULL CHECK (publication IN (\(list(Publication.self)))),
      error TEXT,
      CHECK ((state = 'running') = (lease_expires_at IS NOT NULL)),
      CHECK ((lease_expires_at IS NULL) = (worker IS NULL)),
      CHECK ((state = 'succeeded') = (result_file IS NOT NULL)),
      CHECK ((state = 'succeeded') = (publication <> 'none')),
      CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
    ) STRICT;
    CREATE UNIQUE INDEX jobs_idempotency ON jobs (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;
    CREATE INDEX jobs_queue ON jobs (claim_key) WHERE state IN ('queued', 'running');
    CREATE INDEX jobs_waiting ON jobs (ready_at) WHERE state = 'waiting';
    CREATE INDEX jobs_unfinished_input ON jobs (input) WHERE state IN ('waiting', 'queued', 'running');
    CREATE INDEX jobs_owner ON jobs (owner, created_at, id);
    CREATE INDEX jobs_pending ON jobs (output) WHERE publication = 'pending';
    CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

    -- Output names that a job holds until it has ended and is published.
    CREATE TABLE reservations (
      name TEXT PRIMARY KEY,
      job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX reservations_job ON reservations (job_id);

    -- Outlives the jobs: the newest committed generation of each output.
    CREATE TABLE outputs (
      name TEXT PRIMARY KEY,
      generation INTEGER NOT NULL CHECK (generation > 0),
      job_id TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- Every change of a job's state after its submission, in order.
    CREATE TABLE events (
      job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
      sequence INTEGER NOT NULL,
      epoch INTEGER NOT NULL,
      status TEXT NOT NULL,
      PRIMARY KEY (job_id, sequence)
    ) STRICT, WITHOUT ROWID;
    """

  private static let version3 = """
    ALTER TABLE events ADD COLUMN at INTEGER;
    ALTER TABLE events ADD COLUMN actor TEXT;
    ALTER TABLE events ADD COLUMN action TEXT;

    CREATE TABLE totals (
      only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
      unfinished INTEGER NOT NULL CHECK (unfinished >= 0)
    ) STRICT;
    INSERT INTO totals (only_row, unfinished)
    SELECT 1, count(*) FROM jobs WHERE state IN ('waiting', 'queued', 'running');
    """

  /// A reservation is given up by its name. That no job is deleted while it has one is a rule of the jobs' own now: keeping
  /// it by a foreign key took a second index, and a search for each submission.
  private static let version4 = """
    CREATE TABLE held_names (
      name TEXT PRIMARY KEY,
      job_id TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO held_names (name, job_id)
    SELECT name, job_id FROM reservations WHERE job_id IN (
      SELECT id FROM jobs WHERE state IN ('waiting', 'queued', 'running') OR publication = 'pending');
    DROP TABLE reservations;
    ALTER TABLE held_names RENAME TO reservations;
    CREATE TRIGGER jobs_with_reservations_stay BEFORE DELETE ON jobs
    WHEN old.state IN ('waiting', 'queued', 'running') OR old.publication = 'pending'
    BEGIN SELECT raise(ABORT, 'a job that holds its output''s name can''t be deleted'); END;

    -- Told by a column, not by reading each new job's specification.
    ALTER TABLE jobs ADD COLUMN several_inputs INTEGER NOT NULL DEFAULT 0 CHECK (several_inputs IN (0, 1));
    UPDATE jobs SET several_inputs = 1 WHERE json_type(spec, '$.input') = 'array';
    DROP INDEX jobs_several_inputs;
    CREATE INDEX jobs_several_inputs ON jobs (id)
    WHERE several_inputs = 1 AND state IN ('waiting', 'queued', 'running');
    """
}

extension SQLiteSchema {
  fileprivate static let version7 = """
    -- Files that an unfinished job's run reads, also while its result is being published.
    CREATE TABLE run_inputs (
      name TEXT NOT NULL,
      job_id TEXT NOT NULL,
      -- Null: no file had the name.
      identity TEXT,
      PRIMARY KEY (name, job_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX run_inputs_job ON run_inputs (job_id);
    CREATE INDEX run_inputs_identity ON run_inputs (identity) WHERE identity IS NOT NULL;

    -- Patterns of unfinished jobs.
    CREATE TABLE patterns (
      owner TEXT NOT NULL,
      pattern TEXT NOT NULL,
      job_id TEXT NOT NULL,
      PRIMARY KEY (owner, pattern, job_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX patterns_job ON patterns (job_id);
    """
}

/// The store was migrated by a newer version of the program.
public struct StoreTooNew: Error, CustomStringConvertible {
  public var path: String
  public var description: String {
    "\(path): the store's tables are of a newer version than this program knows: start the newer program, or restore a "
      + "backup of before (docs/operations.md)"
  }
}
