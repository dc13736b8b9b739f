/// A kind of right: what a caller's token must have for a method or a path. Every method's descriptor and every path names one.
public enum AccessScope: String, CaseIterable, Sendable {
  /// To submit jobs, and to queue them again.
  case submit
  /// To see jobs, results, inputs and the description of the service.
  case read
  /// To end jobs.
  case cancel
  /// To remove jobs and their results.
  case delete
  /// To bring files in.
  case upload
  /// To see how the server itself is.
  case metrics
  /// To see what others own, and to manage tokens.
  case admin
}
