public import Storage
public import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension DataFolder {
  public func makeSegment(_ file: String, ofUpload id: String) throws(JobFailure) -> any SegmentFile {
    try checkInPlace()
    do {
      let uploads = try openOwn("uploads")
      do throws(JobFailure) {
        return try LocalSegment(file, in: makeUploadFolder(id, in: uploads), of: uploads)
      } catch {
        // The janitor may have removed the empty folder before the file was in it.
        return try LocalSegment(file, in: makeUploadFolder(id, in: uploads), of: uploads)
      }
    } catch let failure as JobFailure {
      throw failure
    } catch {
      throw LocalSink.failure("made", (error as? SystemCallError)?.number ?? EIO)
    }
  }

  private func makeUploadFolder(_ id: String, in uploads: OpenFile) throws(JobFailure) -> OpenFile {
    do {
      return try makeDurableFolder(id, in: uploads, mode: 0o700)
    } catch {
      throw LocalSink.failure("made", error.number)
    }
  }

  public func openSegment(_ file: String, ofUpload id: String) throws(JobFailure) -> any InputObject {
    try checkInPlace()
    do {
      let folder = try DataFolder.openFolder(id, in: try openOwn("uploads"))
      let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC
      let opened = OpenFile(descriptor: try check("open", openat(folder.descriptor, file, flags)))
      return try LocalInput(opened, name: "upload:\(id)")
    } catch let failure as JobFailure {
      throw failure
    } catch {
      throw inputFailure("upload:\(id)", error as? SystemCallError)
    }
  }

  public func storedUploads() throws -> [String] {
    let uploads = try openOwn("uploads")
    return try DataFolder.names(in: uploads).filter { name in
      var information = stat()
      return fstatat(uploads.descriptor, name, &information, AT_SYMLINK_NOFOLLOW) == 0
        && information.st_mode & S_IFMT == S_IFDIR
    }
  }

  public func storedSegments(ofUpload id: String) throws -> [StagedFile] {
    // Another process's janitor may have been here.
    guard let folder = try? DataFolder.openFolder(id, in: try openOwn("uploads")) else { return [] }
    return try DataFolder.staged(in: folder)
  }

  public func removeSegment(_ file: String, ofUpload id: String) {
    guard let folder = try? DataFolder.openFolder(id, in: try openOwn("uploads")) else { return }
    unlinkat(folder.descriptor, file, 0)
  }

  public func removeEmptyUpload(_ id: String) {
    // Fails while files are left, as it should.
    if let uploads = try? openOwn("uploads") { unlinkat(uploads.descriptor, id, AT_REMOVEDIR) }
  }
}
