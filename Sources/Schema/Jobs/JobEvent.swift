/// A place in the events of one job: `<job>.<epoch>.<sequence>`. Cursors of a job strictly increase, by epoch and then
/// sequence, over restarts too.
public struct JobCursor: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var jobID: String
  public var epoch: Int
  public var sequence: Int

  public init(jobID: String, epoch: Int, sequence: Int) {
    self.jobID = jobID
    self.epoch = epoch
    self.sequence = sequence
  }

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

  public var description: String { "\(jobID).\(epoch).\(sequence)" }

  public static func < (left: JobCursor, right: JobCursor) -> Bool {
    (left.epoch, left.sequence) < (right.epoch, right.sequence)
  }
}

extension JobCursor: JSONConvertible {
  public init(json: JSONValue) throws {
    guard let cursor = JobCursor(try String(json: json)) else {
      throw JSONFieldError(field: "", rule: "must be a cursor of the form <job>.<epoch>.<sequence>")
    }
    self = cursor
  }
  public var json: JSONValue { .string(description) }
}

/// One event of a job: its status after a change, and where it stands.
public struct JobEvent: Hashable, Sendable {
  public var cursor: JobCursor
  /// Events before this one are missing, because the cursor to resume from couldn't be honoured.
  public var gap: Bool
  public var status: JobStatus

  public init(cursor: JobCursor, gap: Bool = false, status: JobStatus) {
    self.cursor = cursor
    self.gap = gap
    self.status = status
  }
}

extension JobEvent: JSONConvertible {
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "an event")
    self.init(
      cursor: try fields.required("cursor"), gap: try fields.optional("gap") ?? false,
      status: try fields.required("status"))
  }

  public var json: JSONValue {
    var members = [JSONMember("cursor", cursor.json)]
    if gap { members.append(JSONMember("gap", true)) }
    members.append(JSONMember("status", status.json))
    return .object(members)
  }
}
