/// A file that the server has taken.
public struct UploadedFile: Hashable, Sendable {
  /// Its name below the data folder, by which jobs read it.
  public var name: String
  /// The size of the file.
  public var bytes: Int
  /// Lower-case hexadecimal.
  public var sha256: String
  /// Whether it has taken the place of another file.
  public var replaced: Bool

  /// A file with these properties.
  public init(name: String, bytes: Int, sha256: String, replaced: Bool) {
    self.name = name
    self.bytes = bytes
    self.sha256 = sha256
    self.replaced = replaced
  }
}

extension UploadedFile: JSONConvertible {
  /// Reads the value from its JSON form.
  ///
  /// - Throws: ``JSONFieldError``, which names the field and the rule.
  public init(json: JSONValue) throws {
    var fields = try JSONFields(json, of: "file")
    self.init(
      name: try fields.required("name"), bytes: try fields.count("bytes"), sha256: try fields.required("sha256"),
      replaced: try fields.optional("replaced") ?? false)
  }

  /// The JSON form.
  public var json: JSONValue {
    [
      "name": .string(name), "bytes": .number(bytes), "sha256": .string(sha256), "replaced": .bool(replaced),
    ]
  }
}
