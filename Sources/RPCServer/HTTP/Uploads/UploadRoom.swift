import Storage
import TallySchema

/// The room that the data folder's disk has for uploads.
enum UploadRoom {
  /// - Throws: `JobFailure` DISK_FULL.
  static func check(for bytes: Int, in storage: any UploadStorage, _ limits: Limits) throws(JobFailure) {
    let room = max(0, try storage.freeBytes() - limits.diskReserveBytes)
    guard bytes > room else { return }
    throw JobFailure(
      .resourceExhausted, reason: "DISK_FULL",
      "The server's disk has room for \(room) bytes more (diskReserveBytes are kept free). Remove files, or send it elsewhere."
    )
  }
}
