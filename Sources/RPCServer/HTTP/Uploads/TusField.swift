import HTTPTypes

/// The fields of tus 1.0 (https://tus.io/protocols/resumable-upload).
enum TusField {
  static let resumable = name("Tus-Resumable")
  static let version = name("Tus-Version")
  static let extensions = name("Tus-Extension")
  static let maxSize = name("Tus-Max-Size")
  static let checksumAlgorithm = name("Tus-Checksum-Algorithm")
  static let offset = name("Upload-Offset")
  static let length = name("Upload-Length")
  static let deferLength = name("Upload-Defer-Length")
  static let metadata = name("Upload-Metadata")
  static let concat = name("Upload-Concat")
  static let checksum = name("Upload-Checksum")
  static let expires = name("Upload-Expires")
  static let methodOverride = name("X-HTTP-Method-Override")

  /// The one version that is spoken here.
  static let spoken = "1.0.0"
  static let bodyType = "application/offset+octet-stream"
  static let extensionList =
    "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,concatenation,"
    + "concatenation-unfinished"

  /// What pages of other origins may send, and read.
  static let requestFields =
    "Tus-Resumable, Upload-Checksum, Upload-Concat, Upload-Defer-Length, Upload-Length, Upload-Metadata, Upload-Offset, "
    + "X-HTTP-Method-Override"
  static let answerFields =
    "Location, Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Concat, "
    + "Upload-Defer-Length, Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset"

  private static func name(_ text: String) -> HTTPField.Name {
    // The names are tokens: a test reads each.
    HTTPField.Name(text) ?? .location
  }
}
