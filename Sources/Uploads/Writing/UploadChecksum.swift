import Crypto
import Foundation
import TallySchema

/// What a request says its body's checksum is: `Upload-Checksum: sha1 …`, in base64 (tus 1.0, "Checksum"). Pure.
public struct UploadChecksum: Hashable, Sendable {
  public enum Algorithm: String, CaseIterable, Sendable {
    case sha1, sha256, crc32, crc32c

    /// Bytes of a checksum.
    var length: Int {
      switch self {
      case .sha1: 20
      case .sha256: 32
      case .crc32, .crc32c: 4
      }
    }
  }

  public enum Problem: Error, Hashable, Sendable {
    case malformed
    case unknownAlgorithm
  }

  public let algorithm: Algorithm
  public let value: [UInt8]

  /// - Throws: ``Problem``.
  public init(_ text: String) throws(Problem) {
    let parts = text.utf8.split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let value = Data(base64Encoded: Data(parts[1])) else { throw .malformed }
    guard let algorithm = Algorithm(rawValue: String(decoding: parts[0], as: UTF8.self).lowercased()) else {
      throw .unknownAlgorithm
    }
    guard value.count == algorithm.length else { throw .malformed }
    self.algorithm = algorithm
    self.value = Array(value)
  }

  public init(_ algorithm: Algorithm, _ value: [UInt8]) { (self.algorithm, self.value) = (algorithm, value) }
}

/// A checksum on its way.
public struct ChecksumHasher: Sendable {
  private enum State {
    case sha1(Insecure.SHA1)
    case sha256(SHA256)
    case crc(CRC32)
  }

  private var state: State

  public init(_ algorithm: UploadChecksum.Algorithm) {
    switch algorithm {
    case .sha1: state = .sha1(Insecure.SHA1())
    case .sha256: state = .sha256(SHA256())
    case .crc32: state = .crc(.ieee)
    case .crc32c: state = .crc(.castagnoli)
    }
  }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    switch state {
    case .sha1(var hash):
      hash.update(bufferPointer: bytes)
      state = .sha1(hash)
    case .sha256(var hash):
      hash.update(bufferPointer: bytes)
      state = .sha256(hash)
    case .crc(var check):
      check.update(bytes)
      state = .crc(check)
    }
  }

  /// The checksum's bytes; of a check, the most significant first.
  public var value: [UInt8] {
    switch state {
    case .sha1(let hash): Array(hash.finalize())
    case .sha256(let hash): Array(hash.finalize())
    case .crc(let check): check.bytes
    }
  }
}
