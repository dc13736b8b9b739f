import Storage
import Synchronization
import TallySchema

/// The bytes of an upload, as one input: a rope of its segments' files. Few of those are open at a time.
final class UploadObject: InputObject {
  /// Segments' files that are open at the same time, at the most.
  private static let openMost = 16

  let name: String
  let size: Int
  let permissions: UInt32
  private let segments: [UploadSegment]
  /// The offset of each segment's first byte in the whole.
  private let starts: [Int]
  private let storage: any SegmentStorage
  /// The files that are open, by their segments' places, the one that was used last at the end.
  private let open = Mutex<[(place: Int, file: any InputObject)]>([])

  /// - Parameters:
  ///   - segments: in order.
  ///   - permissions: who may read a result that is made of it, as bits of a file's mode.
  init(id: String, _ segments: [UploadSegment], in storage: any SegmentStorage, permissions: UInt32) {
    name = InputReference.upload(id).text
    self.segments = segments
    self.storage = storage
    self.permissions = permissions
    var starts: [Int] = []
    var end = 0
    for segment in segments {
      starts.append(end)
      end += segment.bytes
    }
    self.starts = starts
    size = end
  }

  var identity: String { name }

  /// The digests of its segments: another text where another byte was sent.
  func version() throws(JobFailure) -> String {
    // Of many segments, one number: a version is kept with what was read.
    let digests = segments.map { "\($0.bytes):\($0.sha256)" }.joined(separator: ",")
    return "\(name)-\(size)-\(String(FNV1a.hash(digests), radix: 16))"
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(JobFailure) -> Int {
    guard offset < size, !buffer.isEmpty else { return 0 }
    let place = self.place(of: offset)
    let inside = offset - starts[place]
    let rest = min(buffer.count, segments[place].bytes - inside)
    let file = try self.file(place)
    let got = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<rest]), at: inside)
    guard got > 0 else {
      throw JobFailure(
        .dataLoss, reason: "UPLOAD_DAMAGED",
        "\(name): a file with some of its bytes is shorter than the journal says. Upload it again.", file: name)
    }
    return got
  }

  /// The segment that an offset is in.
  private func place(of offset: Int) -> Int {
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= offset { low = middle } else { high = middle }
    }
    return low
  }

  private func file(_ place: Int) throws(JobFailure) -> any InputObject {
    let known = open.withLock { open -> (any InputObject)? in
      guard let index = open.firstIndex(where: { $0.place == place }) else { return nil }
      let found = open.remove(at: index)
      open.append(found)
      return found.file
    }
    if let known { return known }
    let segment = segments[place]
    let file = try storage.openSegment(segment.file, ofUpload: segment.upload)
    open.withLock { open in
      if open.count >= UploadObject.openMost { open.removeFirst() }
      open.append((place, file))
    }
    return file
  }
}
