public import Storage
public import TallySchema

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension DataFolder: UploadStorage {
  public func freeBytes() throws(JobFailure) -> Int {
    var information = statvfs()
    guard fstatvfs(root.descriptor, &information) == 0 else {
      throw JobFailure(
        .unavailable, reason: "DATA_FOLDER_FAILED",
        "The data folder doesn't tell how much room it has (\(String(cString: strerror(errno)))).")
    }
    return Int(
      clamping: UInt64(information.f_bavail).multipliedReportingOverflow(by: UInt64(information.f_frsize)).partialValue)
  }

  public func checkPlace(of name: String) throws(JobFailure) {
    var folder = root
    var parts = FileName.parts(name)
    let last = parts.removeLast()
    for part in parts {
      do {
        folder = try DataFolder.openFolder(part, in: folder)
      } catch {
        if error.number == ENOENT { return }
        throw DataFolder.impossible(
          name, "'\(part)' is no folder that files can be put into (\(error)). Symbolic links aren't followed")
      }
    }
    var information = stat()
    guard fstatat(folder.descriptor, last, &information, AT_SYMLINK_NOFOLLOW) == 0,
      let what = DataFolder.kindThatIsNoFile(information)
    else { return }
    throw DataFolder.impossible(name, "this name stands for \(what), and only files are replaced")
  }

  private static func impossible(_ name: String, _ why: String) -> JobFailure {
    JobFailure(
      .failedPrecondition, reason: "NAME_NOT_POSSIBLE", "\(name): \(why). Use another name.", file: name)
  }

  public func stageUpload() throws -> any ResultStage {
    let file = try makeUploadName()
    return LocalStage(path: "\(path)/\(file)", file: file)
  }

  public func removeUpload(_ file: String) {
    guard let (parent, name) = try? openParent(of: file) else { return }
    unlinkat(parent.descriptor, name, 0)
  }

  public func makeFolders(of name: String) throws(JobFailure) {
    var folder = root
    for part in FileName.parts(name).dropLast() {
      do {
        folder = try makeDurableFolder(part, in: folder)
      } catch {
        throw JobFailure(
          .failedPrecondition, reason: "FOLDER_NOT_MADE",
          "\(name): the folder '\(part)' can't be made or opened (\(error)). Symbolic links aren't followed. Use another name.",
          file: name)
      }
    }
  }

  public func removeUploads(olderThanSeconds seconds: Int) throws -> Int {
    let folder = try openOwn("uploads")
    let now = time(nil)
    var removed = 0
    for name in try DataFolder.names(in: folder) {
      var information = stat()
      guard fstatat(folder.descriptor, name, &information, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
      guard DataFolder.ageSeconds(information, at: now) > seconds else { continue }
      if unlinkat(folder.descriptor, name, 0) == 0 { removed += 1 }
    }
    return removed
  }
}
