import TallySchema

/// How long an upload is gone on with whose requests break: pure. As long as the server gives a sign of life now and then, for as
/// many tries as can be called many; without one, for as long as the configuration says.
struct UploadPatience {
  /// Requests in a row that got no byte through.
  private static let failuresMost = 60
  private static let pieceBytesLeast = 256 << 10

  private let reconnectMilliseconds: Int
  private var failures = 0
  private var silentSince: ContinuousClock.Instant?
  /// Bytes of the next request, at the most: fewer after each break, since a request with a checksum counts as a whole or not at
  /// all.
  private(set) var pieceBytes = UploadPlan.pieceBytes

  init(reconnectMilliseconds: Int) { self.reconnectMilliseconds = reconnectMilliseconds }

  /// Bytes have got through.
  mutating func progress() {
    (failures, silentSince) = (0, nil)
    pieceBytes = min(pieceBytes * 2, UploadPlan.pieceBytes)
  }

  /// The server has answered.
  mutating func sign() { silentSince = nil }

  /// A request has broken.
  ///
  /// - Returns: whether another may be made.
  mutating func failure(at now: ContinuousClock.Instant) -> Bool {
    failures += 1
    pieceBytes = max(pieceBytes / 2, UploadPatience.pieceBytesLeast)
    let since = silentSince ?? now
    silentSince = since
    return failures < UploadPatience.failuresMost && now - since < .milliseconds(reconnectMilliseconds)
  }

  /// Of the pause before the next one.
  var attempt: Int { failures }
}
