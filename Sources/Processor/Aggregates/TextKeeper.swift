/// Keeps the texts of one group while the records that they stood in pass by.
struct TextKeeper: ~Copyable {
  private var buffers: [[UInt8]]
  private let plan: AggregatePlan

  init(_ plan: AggregatePlan) {
    self.plan = plan
    buffers = plan.slots.map { _ in [] }
  }

  /// Copies texts that stand elsewhere, and has the states point to the copies.
  mutating func keep(_ states: UnsafeMutableRawPointer) {
    guard plan.texts > 0 else { return }
    for index in plan.slots.indices where plan.slots[index].hasText {
      let state = (states + plan.slots[index].offset).assumingMemoryBound(to: TextState.self)
      guard state.pointee.isPresent else { continue }
      let text = state.pointee.text
      let isOurs = buffers[index].withUnsafeBytes { $0.baseAddress == text.baseAddress && !text.isEmpty }
      if !isOurs { buffers[index] = Array(text) }
      // An array that isn't changed stays where it is.
      buffers[index].withUnsafeBytes { if let start = $0.baseAddress { state.pointee.move(to: start) } }
    }
  }
}
