import HummingbirdCore
import TallySchema

/// `/metrics`: the numbers of `rpc.stats` in Prometheus' text format (version 0.0.4).
struct MetricsEndpoint: Sendable {
  let stats: ServerStats

  func respond() async throws -> Response {
    HTTPAnswers.bytes(
      Array(PrometheusText.text(try await stats.json()).utf8), type: "text/plain; version=0.0.4; charset=utf-8")
  }
}

/// Writes metrics with the prefix `tally_`, each with what it says and its type.
enum PrometheusText {
  static func text(_ stats: JSONValue) -> String {
    var lines: [String] = []
    func metric(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: String)]) {
      lines.append("# HELP tally_\(name) \(help)")
      lines.append("# TYPE tally_\(name) \(type)")
      for sample in samples { lines.append("tally_\(name)\(sample.labels) \(sample.value)") }
    }
    func one(_ value: JSONValue?) -> [(labels: String, value: String)] { [("", value?.text ?? "0")] }

    let seconds = (stats["uptimeMs"]?.double ?? 0) / 1_000
    metric("uptime_seconds", "gauge", "Since the server started.", [("", "\(seconds)")])
    metric("calls_in_flight", "gauge", "Requests that are being answered, streams aside.", one(stats["callsInFlight"]))
    metric("streams", "gauge", "Open progress streams.", one(stats["streams"]))
    metric("downloads", "gauge", "Results that are being downloaded.", one(stats["downloads"]))
    metric("uploads", "gauge", "Files that are being uploaded.", one(stats["uploads"]))
    metric("resident_bytes", "gauge", "Memory of the process.", one(stats["memory"]?["residentBytes"]))
    metric("jobs_memory_bytes", "gauge", "Memory that running jobs hold.", one(stats["memory"]?["jobsBytes"]))
    metric(
      "jobs", "gauge", "Jobs by state.",
      members(stats["jobs"]).map { ("{state=\"\($0.name)\"}", $0.value.text) })
    let methods = members(stats["calls"])
    metric(
      "calls_total", "counter", "Calls by method.",
      methods.map { ("{method=\"\($0.name)\"}", $0.value["calls"]?.text ?? "0") })
    metric(
      "call_errors_total", "counter", "Calls that ended in an error, by method and status.",
      methods.flatMap { method in
        members(method.value["errors"]).map { ("{method=\"\(method.name)\",status=\"\($0.name)\"}", $0.value.text) }
      })
    metric(
      "call_duration_milliseconds", "gauge", "Latencies below which that share of a method's calls has stayed.",
      methods.flatMap { method in
        [("0.5", "p50Ms"), ("0.99", "p99Ms")].map { quantile, name in
          ("{method=\"\(method.name)\",quantile=\"\(quantile)\"}", method.value[name]?.text ?? "0")
        }
      })
    return lines.joined(separator: "\n") + "\n"
  }

  private static func members(_ value: JSONValue?) -> [JSONMember] {
    guard case .object(let members)? = value else { return [] }
    return members
  }
}
