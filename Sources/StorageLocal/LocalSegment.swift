import Storage
import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file of this machine that grows, in a folder whose name is durable.
final class LocalSegment: SegmentFile {
  private let file: OpenFile
  private let folder: OpenFile
  /// What the folder is in.
  private let parent: OpenFile
  private let name: String
  private let isNameDurable = SealMark()

  /// Makes the file, which must not exist. It is the server's alone.
  ///
  /// - Throws: ``JobFailure``.
  init(_ name: String, in folder: OpenFile, of parent: OpenFile) throws(JobFailure) {
    let descriptor = openat(folder.descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw LocalSink.failure("made", errno) }
    file = OpenFile(descriptor: descriptor)
    self.folder = folder
    self.parent = parent
    self.name = name
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(JobFailure) {
    var written = 0
    while written < bytes.count {
      let count = pwrite(file.descriptor, bytes.baseAddress! + written, bytes.count - written, off_t(offset + written))
      if count >= 0 {
        written += count
      } else if errno != EINTR {
        throw LocalSink.failure("written", errno)
      }
    }
  }

  func synchronize() throws(JobFailure) {
    #if canImport(Darwin)
      let code = fsync(file.descriptor)
    #else
      // The file's length is written with it, as it is needed to read the bytes (POSIX, fdatasync).
      let code = fdatasync(file.descriptor)
    #endif
    guard code == 0 else { throw LocalSink.failure("made durable", errno) }
    guard !isNameDurable.isSet else { return }
    // Who has made the folder may have died before its name was durable.
    guard fsync(folder.descriptor) == 0, fsync(parent.descriptor) == 0 else {
      throw LocalSink.failure("made durable", errno)
    }
    isNameDurable.set()
  }

  func discard() { unlinkat(folder.descriptor, name, 0) }
}
