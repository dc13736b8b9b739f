public import TallySchema

/// A file of inputs that is open for reading. It is closed when nobody holds it any more.
public protocol InputObject: AnyObject, Sendable {
  /// As it is shown to people.
  var name: String { get }
  /// Bytes, as it was opened.
  var size: Int { get }
  /// Which file it is, as ``InputReading/identity`` has it.
  var identity: String { get }
  /// Who may read it, as the bits of a file's mode: a result is for nobody else.
  var permissions: UInt32 { get }

  /// Which content it has at this moment: another text where its bytes may be others.
  ///
  /// - Throws: ``JobFailure``.
  func version() throws(JobFailure) -> String
  /// Reads at an offset; fewer bytes than the buffer holds are no end, none are.
  ///
  /// - Throws: ``JobFailure``.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(JobFailure) -> Int
}

extension InputObject {
  /// Up to that many bytes at an offset; fewer at the end, none after it.
  ///
  /// - Throws: ``JobFailure``.
  public func read(at offset: Int, bytes: Int) throws(JobFailure) -> [UInt8] {
    var failure: JobFailure?
    let piece = [UInt8](unsafeUninitializedCapacity: bytes) { buffer, count in
      do throws(JobFailure) {
        while count < bytes {
          let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
          let got = try read(into: rest, at: offset + count)
          if got == 0 { return }
          count += got
        }
      } catch let error {
        failure = error
      }
    }
    if let failure { throw failure }
    return piece
  }
}

/// Opens an input whenever it is called, on a thread that may wait.
public typealias InputOpener = @Sendable () throws(JobFailure) -> any InputObject
