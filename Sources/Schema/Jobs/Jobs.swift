/// The job service's methods. Everything that is known of a method stands here, once.
public enum Jobs {
  private static let notFound = RPCErrorDescription(.notFound, "JOB_NOT_FOUND", "There is no job of this ID.")

  /// `submitJob`: takes a job, puts it on disk, and answers at once.
  public static let submit = RPCMethod<SubmitParameters, JobStatus>(
    "submitJob", summary: "Takes a job, puts it on disk, and answers at once.", idempotency: .withKey, scope: .submit,
    errors: [
      RPCErrorDescription(.notFound, "INPUT_NOT_FOUND", "There is no input file of this name."),
      RPCErrorDescription(.failedPrecondition, "OUTPUT_RESERVED", "Another unfinished job writes this output."),
      RPCErrorDescription(.alreadyExists, "IDEMPOTENCY_KEY_REUSED", "The key belongs to another job."),
      RPCErrorDescription(.resourceExhausted, "TOO_MANY_JOBS", "Too many jobs are unfinished."),
    ])

  /// `getStatus`: tells the state of a job and how far it is.
  public static let status = RPCMethod<JobParameters, JobStatus>(
    "getStatus", summary: "Tells the state of a job and how far it is.", idempotency: .safe, scope: .read,
    errors: [notFound])

  /// `streamProgress`: streams a job's events, and at its end one response with its status.
  public static let progress = RPCStream<ProgressParameters, JobEvent, JobStatus>(
    "streamProgress", summary: "Streams a job's events, and at its end one response with its status.",
    eventName: "progress", idempotency: .safe, scope: .read, errors: [notFound])

  /// `cancelJob`: ends a job, or gives up that a delayed result is shown. A job that has ended stays as it is.
  public static let cancel = RPCMethod<JobParameters, JobStatus>(
    "cancelJob",
    summary: "Ends a job, or gives up that a delayed result is shown. A job that has ended stays as it is.",
    idempotency: .idempotent, scope: .cancel,
    errors: [notFound])

  /// `listJobs`: lists jobs, newest first, page by page.
  public static let list = RPCMethod<ListParameters, JobPage>(
    "listJobs", summary: "Lists jobs, newest first, page by page.", idempotency: .safe, scope: .read)

  /// `getResult`: tells where a succeeded job's result is, its size and digest, and its first rows.
  public static let result = RPCMethod<JobParameters, ResultSummary>(
    "getResult", summary: "Tells where a succeeded job's result is, its size and digest, and its first rows.",
    idempotency: .safe, scope: .read,
    errors: [
      notFound, RPCErrorDescription(.failedPrecondition, "JOB_NOT_SUCCEEDED", "The job has no result."),
    ])

  /// `watchJobs`: streams the events of many jobs on one connection, and at the end of all their statuses.
  public static let watch = RPCStream<WatchParameters, JobEvent, JobPage>(
    "watchJobs", summary: "Streams the events of many jobs on one connection, and at the end of all their statuses.",
    eventName: "progress", idempotency: .safe, scope: .read, errors: [notFound])

  /// `listEvents`: tells what has happened to a job: who has done what, when, and each run's error.
  public static let events = RPCMethod<EventsParameters, JobLogPage>(
    "listEvents", summary: "Tells what has happened to a job: who has done what, when, and each run's error.",
    idempotency: .safe, scope: .read, errors: [notFound])

  /// `retryJob`: queues a failed or cancelled job again, under its ID and a new epoch.
  public static let retry = RPCMethod<JobParameters, JobStatus>(
    "retryJob", summary: "Queues a failed or cancelled job again, under its ID and a new epoch.", idempotency: .withKey,
    scope: .submit,
    errors: [
      notFound,
      RPCErrorDescription(.failedPrecondition, "JOB_NOT_RETRYABLE", "The job has neither failed nor been cancelled."),
      RPCErrorDescription(.failedPrecondition, "OUTPUT_RESERVED", "Another unfinished job writes this output."),
    ])

  /// `deleteJob`: forgets an ended job and removes its result, and the output where it still shows that result.
  public static let delete = RPCMethod<JobParameters, JobStatus>(
    "deleteJob",
    summary: "Forgets an ended job and removes its result, and the output where it still shows that result.",
    idempotency: .idempotent, scope: .delete,
    errors: [notFound, RPCErrorDescription(.failedPrecondition, "JOB_NOT_ENDED", "The job hasn't ended.")])

  /// `listInputs`: lists the files of the data folder by name, page by page.
  public static let inputs = RPCMethod<ListInputsParameters, InputPage>(
    "listInputs", summary: "Lists the files of the data folder by name, page by page.", idempotency: .safe, scope: .read
  )

  /// `describeInput`: tells what an input looks like: its dialect with a confidence, columns and their types, first
  /// rows, size.
  public static let describe = RPCMethod<DescribeParameters, InputDescription>(
    "describeInput",
    summary:
      "Tells what an input looks like: its dialect with a confidence, columns and their types, first rows, size.",
    idempotency: .safe, scope: .read,
    errors: [RPCErrorDescription(.notFound, "INPUT_NOT_FOUND", "There is no input file of this name.")])
}

/// The methods of the system itself.
public enum SystemMethods {
  /// `rpc.discover`: describes the service: an OpenRPC document.
  public static let discover = RPCMethod<NoParameters, JSONValue>(
    "rpc.discover", summary: "Describes the service: an OpenRPC document.", idempotency: .safe, scope: .read)

  /// `rpc.stats`: tells how the server is: uptime, calls, latencies, queue, streams, memory.
  public static let stats = RPCMethod<NoParameters, JSONValue>(
    "rpc.stats", summary: "Tells how the server is: uptime, calls, latencies, queue, streams, memory.",
    idempotency: .safe, scope: .metrics)
}
