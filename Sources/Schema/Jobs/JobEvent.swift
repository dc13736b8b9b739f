/// A place in the events of one job: `<job>.<epoch>.<sequence>`. Cursors of a job strictly increase, by epoch and then
/// sequence, over restarts too.
public struct JobCursor: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The job.
  public var jobID: String
  /// The job's epoch, which each run raises.
  public var epoch: Int
  /// The number of the change, which only grows.
  public var sequence: Int

  /// A cursor with these parts.
  public init(jobID: String, epoch: Int, sequence: Int) {
    self.jobID = jobID
    self.epoch = epoch
    self.sequence = sequence
  }

  /// Reads `JOB.EPOCH.SEQUENCE`; nil where the text is something else.
  public init?(_ text: String) {
    // A cursor of ours is far shorter; by bytes, since the text is the caller's.
    guard text.utf8.count <= 256 else { return nil }
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3, let jobID = String(parts[0]), !jobID.isEmpty,
      let epoch = String(parts[1]).flatMap({ Int($0) }), let sequence = String(parts[2]).flatMap({ Int($0) }),
      epoch >= 0, sequence >= 0
    else { return nil }
    self.init(jobID: jobID, epoch: epoch, sequence: sequence)
  }

  /// The value as text, for messages and logs.
  public var description: String { "\(jobID).\(epoch).\(sequence)" }

  /// By epoch, then by sequence.
  public static func < (left: JobCursor, right: JobCursor) -> Bool {
    (left.epoch, left.sequence) < (right.epoch, right.sequence)
  }
}

extension JobCursor: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    guard let cursor = JobCursor(try String(json: json)) else {
      throw JSONFieldError(field: "", rule: "must be a cursor of the form <job>.<epoch>.<sequence>")
    }
    self = cursor
  }
  /// The JSON form.
  public var json: JSONValue { .string(description) }
}

/// One event of a job: its status after a change, and where it stands.
public struct JobEvent: Hashable, Sendable {
  /// Where the event stands.
  public var cursor: JobCursor
  /// Events before this one are missing, because the cursor to resume from couldn't be honoured.
  public var gap: Bool
  /// The job as it was then.
  public var status: JobStatus

  /// An event with these properties.
  public init(cursor: JobCursor, gap: Bool = false, status: JobStatus) {
    self.cursor = cursor
    self.gap = gap
    self.status = status
  }
}

extension JobEvent: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "an event")
    self.init(
      cursor: try fields.required("cursor"), gap: try fields.optional("gap") ?? false,
      status: try fields.required("status"))
  }

  /// The JSON form.
  public var json: JSONValue {
    var members = [JSONMember("cursor", cursor.json)]
    if gap { members.append(JSONMember("gap", true)) }
    members.append(JSONMember("status", status.json))
    return .object(members)
  }
}
