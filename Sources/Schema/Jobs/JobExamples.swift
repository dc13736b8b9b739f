extension Jobs {
  private static let queued = JobStatus(
    jobID: "0199a3c2-7f00-7000-8000-0123456789ab", state: .queued, input: "plays.csv", output: "sums.csv",
    createdAt: Timestamp(milliseconds: 1_790_000_000_000))

  private static let succeeded = JobStatus(
    jobID: "0199a3c2-7f00-7000-8000-0123456789ab", state: .succeeded, input: "plays.csv", output: "sums.csv",
    createdAt: Timestamp(milliseconds: 1_790_000_000_000), startedAt: Timestamp(milliseconds: 1_790_000_000_002),
    finishedAt: Timestamp(milliseconds: 1_790_000_000_010), epoch: 1,
    progress: JobProgress(phase: .done, bytesRead: 198, bytesTotal: 198, rows: 7, groups: 4, rowsPerSecond: 2_500),
    published: true,
    result: JobResult(
      output: "sums.csv", bytes: 142, rows: 4,
      sha256: "0983265070b0e1df402301fd6224d05fa7be7fe963b05e121fba895018267b8c",
      url: "/results/0199a3c2-7f00-7000-8000-0123456789ab"))

  private static let byID: JSONValue = ["jobId": .string(succeeded.jobID)]

  /// Examples by method, for `rpc.discover`. A test carries them out with a job of its own, and compares the members.
  public static let examples: [String: [RPCExample]] = [
    submit.name: [
      RPCExample(
        "the replaced application's call", parameters: ["input": "plays.csv", "output": "sums.csv"], result: queued.json
      )
    ],
    status.name: [RPCExample("a job that has succeeded", parameters: byID, result: succeeded.json)],
    progress.name: [RPCExample("a job that has succeeded", parameters: byID, result: succeeded.json)],
    watch.name: [
      RPCExample(
        "one job", parameters: ["jobIds": [.string(succeeded.jobID)]], result: JobPage(jobs: [succeeded]).json)
    ],
    cancel.name: [RPCExample("a job that has ended stays as it is", parameters: byID, result: succeeded.json)],
    list.name: [
      RPCExample(
        "the first page", parameters: ["states": ["succeeded"], "pageSize": 10], result: JobPage(jobs: [succeeded]).json
      )
    ],
    describe.name: [
      RPCExample(
        "the example", parameters: ["input": "plays.csv"],
        result: ["input": "plays.csv", "bytes": 198, "compression": "none", "confidence": 1, "rowsSeen": 7])
    ],
    result.name: [
      RPCExample(
        "the answer's size, digest and first rows", parameters: byID,
        result: succeeded.result.map {
          ResultSummary(
            result: $0,
            firstRows: [
              ["Song", "Date", "Total Number of Plays for Date"], ["In The End", "2020-01-01", "1500"],
              ["In The End", "2020-01-02", "500"], ["Umbrella", "2020-01-01", "150"],
              ["Umbrella", "2020-01-02", "250"],
            ]
          ).json
        } ?? .null)
    ],
    inputs.name: [
      RPCExample(
        "the files that begin with plays", parameters: ["prefix": "plays"],
        result: InputPage(inputs: [
          InputPage.Input(name: "plays.csv", bytes: 198, modifiedAt: Timestamp(milliseconds: 1_789_999_999_000))
        ]).json)
    ],
    delete.name: [RPCExample("a job that has succeeded", parameters: byID, result: succeeded.json)],
  ]
}
