import JobQueue
import TallySchema

/// The tables, and how they came to be. The rules that the code keeps are constraints here as well.
///
/// What a job's life changes is in narrow rows of their own, with room on each page for new versions, and no index on
/// what a heartbeat writes: an update of those touches one page. What never changes is in a table apart.
enum PostgresSchema {
  /// Every version's statements, in order. One that has been released is never changed.
  static func migrations(_ schema: String) -> [String] {
    [version1(schema), version2(schema), version3(schema), version4(schema), version5(schema)]
  }

  /// - Throws: ``StoreTooNew``; ``PostgresError``.
  static func migrate(_ connection: PostgresConnection, schema: String) async throws {
    let migrations = migrations(schema)
    // One process migrates at a time; the others find it done.
    _ = try await connection.run([
      PostgresStatement("BEGIN ISOLATION LEVEL READ COMMITTED"),
      PostgresStatement("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))", [schema]),
    ])
    let found = try await connection.run([
      PostgresStatement("SELECT to_regclass($1) IS NOT NULL AS there", ["\(schema).store"])
    ])[0].rows.first?.value("there")
    var version = 0
    if found == "t" {
      version = Int(
        try await connection.run([PostgresStatement("SELECT version FROM \(schema).store")])[0].rows.first?.integer(
          "version")
          ?? 0)
    }
    if version > migrations.count {
      let least = try await leastVersion(connection, schema: schema)
      _ = try await connection.run([PostgresStatement("ROLLBACK")])
      if least > migrations.count { throw StoreTooNew(version: version, known: migrations.count) }
      return
    }
    for migration in migrations[version...] {
      let statements = migration.split(separator: ";\n").map { PostgresStatement(String($0)) }
      _ = try await connection.run(statements)
    }
    _ = try await connection.run([
      PostgresStatement("UPDATE \(schema).store SET version = $1", [String(migrations.count)]),
      PostgresStatement("COMMIT"),
    ])
  }

  /// The version of the oldest programs that a newer one's tables are still good for.
  private static func leastVersion(_ connection: PostgresConnection, schema: String) async throws -> Int {
    let found = try await connection.run([PostgresStatement("SELECT least_version FROM \(schema).store")])
    return Int(try found[0].rows.first?.required("least_version") ?? .max)
  }

  private static func list<Value: CaseIterable & RawRepresentable<String>>(_: Value.Type) -> String {
    Value.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
  }

  /// What a job needs of a worker, and which programs the tables are good for: a version only adds to them, so that the
  /// programs of the version before go on beside it.
  private static func version2(_ schema: String) -> String {
    """
    ALTER TABLE \(schema).jobs ADD COLUMN needs text NOT NULL DEFAULT '[]';
    ALTER TABLE \(schema).store ADD COLUMN least_version integer NOT NULL DEFAULT 1
    """
  }

  /// Jobs without an output, whose name is empty here.
  private static func version3(_ schema: String) -> String {
    "CREATE INDEX payloads_unnamed ON \(schema).payloads (job_id) WHERE output = ''"
  }

  private static func version4(_ schema: String) -> String {
    """
    -- Files that an unfinished job's run reads, also while its result is being published.
    CREATE TABLE \(schema).run_inputs (
      name text COLLATE "C" NOT NULL,
      job_id text COLLATE "C" NOT NULL REFERENCES \(schema).jobs (id) ON DELETE CASCADE,
      -- Null: no file had the name.
      identity text COLLATE "C",
      PRIMARY KEY (name, job_id)
    );
    CREATE INDEX run_inputs_job ON \(schema).run_inputs (job_id);
    CREATE INDEX run_inputs_identity ON \(schema).run_inputs (identity) WHERE identity IS NOT NULL;

    -- Patterns of unfinished jobs.
    CREATE TABLE \(schema).patterns (
      owner text COLLATE "C" NOT NULL,
      pattern text COLLATE "C" NOT NULL,
      job_id text COLLATE "C" NOT NULL REFERENCES \(schema).jobs (id) ON DELETE CASCADE,
      PRIMARY KEY (owner, pattern, job_id)
    );
    CREATE INDEX patterns_job ON \(schema).patterns (job_id)
    """
  }

  private static func version1(_ schema: String) -> String {
    """
    CREATE SCHEMA IF NOT EXISTS \(schema);

    CREATE TABLE \(schema).store (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      uuid text NOT NULL,
      version integer NOT NULL
    );
    INSERT INTO \(schema).store (uuid, version) VALUES (gen_random_uuid()::text, 0);

    CREATE TABLE \(schema).jobs (
      id text COLLATE "C" PRIMARY KEY,
      -- The order of submission, where the claim keys are equal.
      number bigint GENERATED ALWAYS AS IDENTITY,
      owner text COLLATE "C" NOT NULL,
      memory_bytes bigint NOT NULL CHECK (memory_bytes > 0),
      created_at bigint NOT NULL,
      state text NOT NULL CHECK (state IN (\(list(JobState.self)))),
      claim_key bigint NOT NULL,
      ready_at bigint NOT NULL,
      started_at bigint,
      finished_at bigint,
      epoch bigint NOT NULL CHECK (epoch >= 0),
      attempts bigint NOT NULL CHECK (attempts >= 0),
      rescues bigint NOT NULL CHECK (rescues >= 0),
      sequence bigint NOT NULL CHECK (sequence > 0),
      cancel_requested smallint NOT NULL CHECK (cancel_requested IN (0, 1)),
      worker text,
      lease_expires_at bigint,
      progress text NOT NULL,
      result_file text,
      result_bytes bigint,
      result_rows bigint,
      result_sha256 text,
      result_generation bigint,
      publication text NOT NULL CHECK (publication IN (\(list(Publication.self)))),
      error text,
      CHECK ((state = 'running') = (lease_expires_at IS NOT NULL)),
      CHECK ((lease_expires_at IS NULL) = (worker IS NULL)),
      CHECK ((state = 'succeeded') = (result_file IS NOT NULL)),
      CHECK ((state = 'succeeded') = (publication <> 'none')),
      CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
    ) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
    CREATE INDEX jobs_queue ON \(schema).jobs (claim_key, number) WHERE state IN ('queued', 'running');
    CREATE INDEX jobs_waiting ON \(schema).jobs (ready_at) WHERE state = 'waiting';
    CREATE INDEX jobs_owner ON \(schema).jobs (owner, created_at, id);
    CREATE INDEX jobs_pending ON \(schema).jobs (id) WHERE publication = 'pending';
    CREATE INDEX jobs_finished ON \(schema).jobs (finished_at) WHERE finished_at IS NOT NULL;

    CREATE TABLE \(schema).payloads (
      job_id text COLLATE "C" PRIMARY KEY REFERENCES \(schema).jobs (id) ON DELETE CASCADE,
      owner text COLLATE "C" NOT NULL,
      -- Bytes: a key may hold what PostgreSQL's text can't.
      idempotency_key bytea,
      spec text NOT NULL,
      input text COLLATE "C" NOT NULL,
      output text COLLATE "C" NOT NULL
    );
    CREATE UNIQUE INDEX payloads_idempotency ON \(schema).payloads (owner, idempotency_key)
      WHERE idempotency_key IS NOT NULL;

    -- Output names that a job holds until it has ended and is published.
    CREATE TABLE \(schema).reservations (
      name text COLLATE "C" PRIMARY KEY,
      job_id text COLLATE "C" NOT NULL REFERENCES \(schema).jobs (id) ON DELETE CASCADE
    );
    CREATE INDEX reservations_job ON \(schema).reservations (job_id);

    -- Input names that a job reads until it has ended.
    CREATE TABLE \(schema).readings (
      name text COLLATE "C" NOT NULL,
      job_id text COLLATE "C" NOT NULL REFERENCES \(schema).jobs (id) ON DELETE CASCADE,
      PRIMARY KEY (name, job_id)
    );
    CREATE INDEX readings_job ON \(schema).readings (job_id);

    -- Outlives the jobs: the newest committed generation of each output.
    CREATE TABLE \(schema).outputs (
      name text COLLATE "C" PRIMARY KEY,
      generation bigint NOT NULL CHECK (generation > 0),
      job_id text COLLATE "C" NOT NULL
    );

    -- Every change of a job's state after its submission, in order, and who made it.
    CREATE TABLE \(schema).events (
      job_id text COLLATE "C" NOT NULL REFERENCES \(schema).jobs (id) ON DELETE CASCADE,
      sequence bigint NOT NULL,
      epoch bigint NOT NULL,
      status text NOT NULL,
      at bigint NOT NULL,
      actor text NOT NULL,
      action text NOT NULL,
      PRIMARY KEY (job_id, sequence)
    )
    """
  }
}

/// The store was made by a newer version of the program.
public struct StoreTooNew: Error, CustomStringConvertible {
  public var version: Int
  public var known: Int
  public var description: String {
    "the store's tables are of version \(version), and this program knows them up to \(known): start the newer program"
  }
}
