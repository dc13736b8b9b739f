import HTTPTypes
import HummingbirdCore
import NIOCore
import Synchronization
import TallySchema
import Testing

@testable import RPCServer

struct BodyPumpTests {
  private struct Broken: Error {}

  private static func body(_ count: Int, breaks: Bool = false) -> RequestBody {
    RequestBody(
      asyncSequence: AsyncThrowingStream<ByteBuffer, any Error> { continuation in
        for number in 0..<count { continuation.yield(ByteBuffer(integer: UInt32(number))) }
        continuation.finish(throwing: breaks ? Broken() : nil)
      })
  }

  /// Every byte once and in order, one write at a time, however many pieces it comes in.
  @Test func everythingIsWrittenInOrder() async throws {
    let written = Mutex<[UInt32]>([])
    let isWriting = Mutex(false)
    let pump = BodyPump(bytesMost: .max) { buffers in
      #expect(
        isWriting.withLock { was in
          defer { was = true }
          return !was
        })
      for var buffer in buffers { written.withLock { $0.append(buffer.readInteger() ?? 0) } }
      isWriting.withLock { $0 = false }
    }
    try await pump.run(Self.body(50_000))
    #expect(written.withLock { $0 } == (0..<50_000).map(UInt32.init))
  }

  @Test func whatCameBeforeABreakIsWritten() async throws {
    let bytes = Atomic(0)
    let pump = BodyPump(bytesMost: .max) { buffers in
      bytes.add(buffers.reduce(0) { $0 + $1.readableBytes }, ordering: .relaxed)
    }
    await #expect(throws: BodyPump.Problem.broken) { try await pump.run(Self.body(100, breaks: true)) }
    #expect(bytes.load(ordering: .relaxed) == 400)
  }

  @Test func noMoreThanMayComeIsWritten() async throws {
    let bytes = Atomic(0)
    let pump = BodyPump(bytesMost: 10) { buffers in
      bytes.add(buffers.reduce(0) { $0 + $1.readableBytes }, ordering: .relaxed)
    }
    await #expect(throws: BodyPump.Problem.tooMuch) { try await pump.run(Self.body(100)) }
    #expect(bytes.load(ordering: .relaxed) == 8)
  }

  @Test func aFailedWriteEndsIt() async throws {
    let pump = BodyPump(bytesMost: .max) { _ in
      throw JobFailure(.resourceExhausted, reason: "DISK_FULL", "full")
    }
    let failure = await #expect(throws: JobFailure.self) { try await pump.run(Self.body(1_000_000)) }
    #expect(failure?.reason == "DISK_FULL")
  }

  /// Of a body, the path alone decides: not a query, and not how the target is written.
  @Test(arguments: [
    ("PATCH", "/uploads/x", HTTPRoute.Body.upload), ("POST", "/uploads", .upload), ("POST", "/uploads?x=1", .upload),
    ("PUT", "/files/a?b", .upload), ("PATCH", "http://127.0.0.1:8000/uploads/x", .upload), ("POST", "/rpc", .json),
    ("POST", "http://127.0.0.1/rpc?x", .json), ("GET", "/uploads/x", .json), ("POST", "/é", .json),
    ("POST", "http", .json),
  ])
  func aBodysPolicyFollowsFromThePath(method: String, target: String, expected: HTTPRoute.Body) throws {
    let head = HTTPRequest(
      method: try #require(HTTPRequest.Method(method)), scheme: nil, authority: nil, path: target)
    #expect(ConnectionGuard.bodyPolicy(of: head) == expected)
  }
}
