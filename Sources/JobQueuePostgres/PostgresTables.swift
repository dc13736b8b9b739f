import JobQueue
import TallySchema

/// The statements on the tables of one schema.
struct PostgresTables: Sendable {
  let schema: String
  /// The store's clock in milliseconds, as an SQL expression.
  let now: @Sendable () -> String

  private var select: String {
    """
    SELECT j.*, encode(p.idempotency_key, 'hex') AS idempotency_key, p.spec, p.input, p.output
    FROM \(schema).jobs j JOIN \(schema).payloads p ON p.job_id = j.id
    """
  }

  /// The clock of the database's machine, and not of the transaction's beginning.
  static let databaseClock = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

  var clock: PostgresStatement { PostgresStatement("SELECT \(now()) AS now") }

  /// Taken by everyone who takes names: submissions and retries are in one order, on all servers.
  var lockNames: PostgresStatement {
    PostgresStatement("SELECT pg_advisory_xact_lock(hashtextextended($1, 8))", [schema])
  }

  func jobs(_ condition: String, _ parameters: [String?] = []) -> PostgresStatement {
    PostgresStatement("\(select) WHERE \(condition)", parameters)
  }

  /// Reads and locks a job's row; a payload never changes.
  func lock(_ id: String) -> PostgresStatement { jobs("j.id = $1 FOR UPDATE OF j", [id]) }

  func keyed(_ keys: [(owner: String, key: String)]) -> PostgresStatement {
    PostgresStatement(
      """
      \(select) JOIN unnest($1::text[], $2::bytea[]) AS k (owner, key) ON p.owner = k.owner AND p.idempotency_key = k.key
      """, [PostgresText.array(keys.map(\.owner)), PostgresText.array(keys.map { PostgresText.bytes($0.key) })])
  }

  func writers(_ names: [String]) -> PostgresStatement {
    PostgresStatement(
      "SELECT name, job_id FROM \(schema).reservations WHERE name = ANY($1::text[])", [PostgresText.array(names)])
  }

  /// Those that name it as an input, and those whose runs read it.
  func readers(_ names: [String]) -> PostgresStatement {
    PostgresStatement(
      """
      SELECT name, job_id FROM \(schema).readings WHERE name = ANY($1::text[])
      UNION ALL SELECT r.name, r.job_id FROM \(schema).run_inputs r \(unended("r")) WHERE r.name = ANY($1::text[])
      """, [PostgresText.array(names)])
  }

  /// Joins what belongs to jobs with those that haven't ended: a program of a version before these tables leaves rows behind.
  func unended(_ name: String) -> String {
    """
    JOIN \(schema).jobs ended ON ended.id = \(name).job_id
      AND (ended.state IN ('waiting', 'queued', 'running') OR ended.publication = 'pending')
    """
  }

  /// The patterns of owners' unfinished jobs, each with the ID of one of them.
  func patterns(of owners: [String]) -> PostgresStatement {
    PostgresStatement(
      """
      SELECT r.owner, r.pattern, min(r.job_id) AS job_id FROM \(schema).patterns r \(unended("r"))
      WHERE r.owner = ANY($1::text[]) GROUP BY r.owner, r.pattern
      """, [PostgresText.array(owners)])
  }

  var unfinished: PostgresStatement {
    PostgresStatement(
      """
      SELECT (SELECT count(*) FROM \(schema).jobs WHERE state IN ('queued', 'running'))
        + (SELECT count(*) FROM \(schema).jobs WHERE state = 'waiting') AS unfinished
      """)
  }
}
