/// What an input's name stands for: a file of the data folder, or what has been uploaded in pieces.
public enum InputReference: Hashable, Sendable {
  /// A name, or a pattern, below the data folder.
  case file(String)
  /// The ID of an upload: `upload:ID`.
  case upload(String)

  private static let uploadScheme = "upload:"
  private static let fileScheme = "file:"

  /// Reads a name as a job has it. A file whose own name looks like a reference is written with `file:` in front.
  public init(_ text: String) {
    // By bytes: for Swift, a colon with a combining mark after it is no colon.
    if let id = InputReference.rest(of: text, after: InputReference.uploadScheme) {
      self = .upload(id)
    } else {
      self = .file(InputReference.rest(of: text, after: InputReference.fileScheme) ?? text)
    }
  }

  /// As a job writes it.
  public var text: String {
    switch self {
    case .upload(let id): InputReference.uploadScheme + id
    case .file(let name): InputReference.isReference(name) ? InputReference.fileScheme + name : name
    }
  }

  /// Whether a file's name looks like a reference.
  public static func isReference(_ name: String) -> Bool {
    rest(of: name, after: uploadScheme) != nil || rest(of: name, after: fileScheme) != nil
  }

  /// What is wrong with an input's name, as the end of a sentence; nil when nothing is.
  public static func problem(_ text: String) -> String? {
    switch InputReference(text) {
    // By its one name: jobs' names are compared.
    case .file(let name) where !InputReference.file(name).text.hasSameBytes(as: text):
      "must not begin with 'file:', which is for names that begin with 'upload:' or 'file:'"
    case .file(let name): FileName.problem(name)
    case .upload(let id):
      isPlausibleID(id) ? nil : "must be upload: and an upload's ID, or file: and a name that begins with 'upload:'"
    }
  }

  /// What is wrong with the name of a file that is to be made, as the end of a sentence; nil when nothing is.
  public static func problem(ofNew name: String) -> String? {
    FileName.problem(name)
      ?? (isReference(name) ? "must not begin with 'upload:' or 'file:', by which jobs name other inputs" : nil)
  }

  /// Whether a text can be an ID of ours: ASCII letters, digits and `-`, 64 of them at most.
  package static func isPlausibleID(_ id: String) -> Bool {
    (1...64).contains(id.utf8.count)
      && id.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  private static func rest(of text: String, after scheme: String) -> String? {
    guard text.utf8.starts(with: scheme.utf8) else { return nil }
    return String(text.utf8.dropFirst(scheme.utf8.count))
  }
}

extension JobSpec {
  /// The IDs of the uploads that the job reads.
  public var uploads: [String] {
    inputs.compactMap { if case .upload(let id) = InputReference($0) { id } else { nil } }
  }

  /// Whether the job reads an upload: told without a list, since every submission asks.
  public var readsUploads: Bool {
    inputs.contains { if case .upload = InputReference($0) { true } else { false } }
  }
}
