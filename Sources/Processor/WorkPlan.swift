import TallySchema

/// How a run's rows are grouped, decided before the first of them is read from what a sample has. The answer is the same for
/// every plan.
struct WorkPlan {
  let memory: MemoryPlan
  /// Nil: rows aren't coded.
  let coding: CodingChoice?
  let router: PartitionRouter

  /// - Parameters:
  ///   - textBytes: of all inputs, about.
  ///   - cut: nil: as the sample suggests.
  init(
    _ spec: JobSpec, _ plan: GroupingPlan, _ memory: MemoryPlan, sample: KeySample, textBytes: Int, cut: GroupingCut?
  ) {
    let coding =
      if let cut {
        cut.dictionarySlots.flatMap { CodingChoice(plan, sample: sample, slots: $0, cellLimit: cut.cellLimit) }
      } else {
        CodingChoice(
          plan, sample: sample, rows: textBytes / max(1, sample.bytes / max(sample.records, 1)),
          memoryBytes: memory.dictionaryBytes)
      }
    self.memory = memory
    // What is ordered otherwise has to be in the general form.
    self.coding = coding?.cellLimits == nil && (!spec.orderBy.isEmpty || spec.limit != nil) ? nil : coding
    // Coded rows know their first column's partition only.
    router = PartitionRouter(
      sample: self.coding == nil ? sample.keys : sample.firstFields, partitions: memory.partitions)
  }
}
