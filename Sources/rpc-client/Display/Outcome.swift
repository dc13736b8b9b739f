#if Server
  import TallySchema

  /// How a job has ended, in a sentence.
  enum Outcome {
    /// `succeeded in 1.6 s: sums.csv, 8,649,148 rows, 214.8 MiB, 2 bad rows → sums.csv.rejects.csv`
    ///
    /// - Parameter output: in the place of the output's name.
    static func text(_ status: JobStatus, output: String? = nil) -> String {
      let time = Elapsed.milliseconds(status).map {
        " \(status.state == .succeeded ? "in" : "after") \(Elapsed.text(milliseconds: $0))"
      }
      let state = status.state.rawValue + (time ?? "")
      switch status.state {
      case .succeeded:
        var parts = [output ?? status.output].compactMap { $0 }
        if let result = status.result {
          parts += [count(result.rows, "row"), ByteCount.text(result.bytes)]
        }
        if let bad = badRows(status) { parts.append(bad) }
        return "\(state): \(parts.joined(separator: ", "))" + (unpublished(status).map { "\n" + $0 } ?? "")
      case .failed: return "\(state): \(status.error?.message ?? "no reason was given")"
      default: return state
      }
    }

    /// Whether the job has an answer that its name doesn't show.
    static func isUnpublished(_ status: JobStatus) -> Bool {
      status.state == .succeeded && !status.published && status.error != nil
    }

    private static func unpublished(_ status: JobStatus) -> String? {
      status.published ? nil : status.error?.message
    }

    private static func badRows(_ status: JobStatus) -> String? {
      let bad = status.progress.badRows
      guard bad > 0 else { return nil }
      return count(bad, "bad row") + (status.result?.rejects.map { " → \($0)" } ?? " left out")
    }

    static func count(_ number: Int, _ noun: String) -> String {
      "\(number.grouped) \(noun)\(number == 1 ? "" : "s")"
    }
  }
#endif
