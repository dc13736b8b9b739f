public import TallySchema

/// What a job's row says of its submission. Stores keep no event and no line of the log for that: both follow from the row,
/// and a submission is one write less.
extension JobRecord {
  /// The job as it was when it was submitted.
  var asSubmitted: JobRecord {
    JobLifecycle.admit(
      JobSubmission(owner: owner, spec: spec, idempotencyKey: idempotencyKey), id: id, now: createdAt)
  }

  /// The job's events after a cursor.
  ///
  /// - Parameter kept: those that the store has kept, in order.
  public func events(kept: [JobEvent], after cursor: JobCursor) -> [JobEvent] {
    let first = asSubmitted
    // Stores of older versions have kept it.
    guard cursor < first.cursor, kept.first?.cursor != first.cursor else { return kept }
    return [JobEvent(cursor: first.cursor, status: first.status)] + kept
  }

  /// The lines of the job's log after a cursor.
  ///
  /// - Parameters:
  ///   - kept: those that the store has kept, in order.
  ///   - cursor: nil: from the beginning.
  ///   - most: lines to be returned.
  public func log(kept: [JobLogLine], after cursor: JobCursor?, most: Int) -> [JobLogLine] {
    let first = asSubmitted.cursor
    // A log has one order, that of the sequence.
    guard cursor?.sequence ?? 0 < first.sequence, kept.first?.cursor != first else { return kept }
    let line = JobLogLine(cursor: first, at: createdAt, actor: owner, action: .submitted, error: nil)
    return Array(([line] + kept).prefix(most))
  }
}
