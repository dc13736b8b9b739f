/// The part of a response's body that has come and hasn't been taken, bounded: pure.
///
/// A piece that doesn't fit is refused whole, and the transfer pauses; it resumes once half of the room is free again.
struct BodyBuffer {
  let limitBytes: Int
  private(set) var bytes: [UInt8] = []
  private(set) var isPaused = false

  init(limitBytes: Int) { self.limitBytes = limitBytes }

  /// Takes a piece; false: there is no room, and the transfer must pause. An empty buffer takes a piece of any size.
  mutating func offer(_ piece: UnsafeRawBufferPointer) -> Bool {
    guard bytes.isEmpty || bytes.count + piece.count <= limitBytes else {
      isPaused = true
      return false
    }
    bytes.append(contentsOf: piece)
    return true
  }

  /// Gives everything that has come, and whether a paused transfer shall go on.
  mutating func take() -> (piece: [UInt8], resumes: Bool) {
    let piece = bytes
    bytes = []
    defer { isPaused = false }
    return (piece, isPaused)
  }
}
