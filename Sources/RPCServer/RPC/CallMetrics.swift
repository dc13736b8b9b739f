import Synchronization
import TallySchema

/// Counts and latencies of calls, by method.
final class CallMetrics: Sendable {
  private struct Method {
    var calls = 0
    var errors: [RPCStatus: Int] = [:]
    var latencies = LatencyHistogram()
  }

  private let methods = Mutex<[String: Method]>([:])

  func record(_ method: String, status: RPCStatus?, microseconds: Int) {
    methods.withLock { methods in
      methods[method, default: Method()].calls += 1
      methods[method]?.latencies.record(microseconds)
      if let status { methods[method]?.errors[status, default: 0] += 1 }
    }
  }

  /// For each method: calls, errors by status, and the latencies in milliseconds below which half, and all but one of a
  /// hundred, have stayed.
  var json: JSONValue {
    let methods = methods.withLock { $0 }
    return .object(
      methods.sorted { $0.key < $1.key }.map { name, method in
        JSONMember(
          name,
          [
            "calls": .number(method.calls),
            "errors": .object(
              method.errors.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                JSONMember($0.key.name, .number($0.value))
              }),
            "p50Ms": .double(method.latencies.milliseconds(quantile: 0.5)),
            "p99Ms": .double(method.latencies.milliseconds(quantile: 0.99)),
          ])
      })
  }
}

/// Latencies in buckets that grow by an eighth of a power of two: quantiles are right to some percent, in 2 KiB.
struct LatencyHistogram {
  private var counts = [Int](repeating: 0, count: 256)
  private var total = 0

  mutating func record(_ microseconds: Int) {
    counts[LatencyHistogram.bucket(max(microseconds, 1))] += 1
    total += 1
  }

  /// The upper end of the bucket in which the quantile lies; 0 when nothing was recorded.
  func milliseconds(quantile: Double) -> Double {
    var left = Int((Double(total) * quantile).rounded(.up))
    for (index, count) in counts.enumerated() where count > 0 {
      left -= count
      if left <= 0 { return Double(LatencyHistogram.upperEnd(index)) / 1_000 }
    }
    return 0
  }

  static func bucket(_ microseconds: Int) -> Int {
    let power = Int.bitWidth - 1 - microseconds.leadingZeroBitCount
    let eighth = power >= 3 ? (microseconds >> (power - 3)) & 7 : (microseconds << (3 - power)) & 7
    return min(power * 8 + eighth, 255)
  }

  static func upperEnd(_ bucket: Int) -> Int {
    let (power, eighth) = (bucket / 8, bucket % 8)
    return ((9 + eighth) << power) / 8
  }
}

/// Counts calls and measures them.
struct MetricsInterceptor: RPCInterceptor {
  let metrics: CallMetrics

  func intercept(
    _ call: RPCCall, _ descriptor: any RPCDescriptor, _ writer: any RPCEventWriter, next: Next
  ) async throws -> RPCAnswer {
    let start = ContinuousClock.now
    func record(_ status: RPCStatus?) {
      let microseconds = Int((ContinuousClock.now - start) / .microseconds(1))
      metrics.record(descriptor.name, status: status, microseconds: microseconds)
    }
    do {
      let answer = try await next(call, writer)
      record(nil)
      return answer
    } catch {
      record((error as? RPCError)?.status ?? (error is CancellationError ? .cancelled : .internal))
      throw error
    }
  }
}
