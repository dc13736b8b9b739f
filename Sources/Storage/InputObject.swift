public import TallySchema

/// A file of inputs that is open for reading. It is closed when nobody holds it any more.
public protocol InputObject: AnyObject, Sendable {
  /// As it is shown to people.
  var name: String { get }
  /// Bytes, as it was opened.
  var size: Int { get }
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

/// Opens an input whenever it is called, on a thread that may wait.
public typealias InputOpener = @Sendable () throws(JobFailure) -> any InputObject
