import CTallySIMD
import TallySchema
import TestSupport
import Testing

@testable import Processor

/// The parts of the scan, each against its simplest twin.
@Suite struct ScanTests {
  @Test func vectorsFindWhatTheScalarPathFinds() {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed: seed)
    var (regular, irregular) = (0, 0)
    for round in 0..<3_000 {
      let bytes = text(isRegular: round % 2 == 0, &random)
      let slow = index(bytes, tally_index_scalar)
      for scan in [tally_index, tally_index_baseline] {
        let fast = index(bytes, scan)
        #expect(fast.flags[0] == slow.flags[0], "seed \(seed): \(bytes)")
        if slow.flags[0] == 0 {
          #expect(fast.positions == slow.positions && fast.flags == slow.flags, "seed \(seed): \(bytes)")
        }
      }
      for inside in [0, 1] as [UInt8] {
        let fast = tally_find_boundary(bytes, bytes.count, 0x2C, 0x22, inside)
        let plain = tally_find_boundary_baseline(bytes, bytes.count, 0x2C, 0x22, inside)
        #expect(fast.irregular == plain.irregular && fast.last == plain.last, "seed \(seed): \(bytes)")
        #expect(fast.inside == plain.inside && fast.closed == plain.closed, "seed \(seed): \(bytes)")
      }
      if slow.flags[0] == 0 { regular += 1 } else { irregular += 1 }
      #expect(tally_count(bytes, bytes.count, 0x0A) == bytes.count { $0 == 0x0A })
      #expect(tally_last(bytes, bytes.count, 0x0A) == bytes.lastIndex(of: 0x0A) ?? bytes.count)
    }
    #expect(regular > 500 && irregular > 500)
  }

  /// Bytes that are often special: or fields as they should be.
  private func text(isRegular: Bool, _ random: inout SeededRandom) -> [UInt8] {
    let count = Int.random(in: 0...300, using: &random)
    if !isRegular {
      return (0..<count).map { _ in
        ([0x2C, 0x0A, 0x22, 0x61, 0x00, 0xC3, 0x0D] as [UInt8]).randomElement(using: &random) ?? 0
      }
    }
    var bytes: [UInt8] = []
    while bytes.count < count {
      let body = (0..<Int.random(in: 0...9, using: &random)).map { _ in
        ([0x2C, 0x0A, 0x61, 0x62, 0x0D, 0xC3] as [UInt8]).randomElement(using: &random) ?? 0
      }
      if Bool.random(using: &random) {
        let doubled = Bool.random(using: &random) ? [0x22, 0x22] as [UInt8] : []
        bytes += [0x22] + body + doubled + [0x22]
      } else {
        bytes += body
      }
      bytes += ([[0x2C], [0x0A], [0x0D, 0x0A]] as [[UInt8]]).randomElement(using: &random) ?? []
    }
    return Array(bytes.prefix(count))
  }

  private func index(
    _ bytes: [UInt8],
    _ scan: (UnsafePointer<UInt8>?, Int, UInt8, UInt8, UnsafeMutablePointer<UInt32>?) -> tally_structure
  ) -> (positions: [UInt32], flags: [UInt8]) {
    var found = tally_structure()
    let positions = [UInt32](unsafeUninitializedCapacity: bytes.count + 1) { buffer, count in
      found = scan(bytes, bytes.count, 0x2C, 0x22, buffer.baseAddress)
      count = found.count
    }
    return (positions, [found.irregular, found.quotes, found.foreign, found.nul])
  }

  /// The boundary machine, split at every position, ends records where the scanner does.
  @Test func recordsEndInTheSamePlaceHoweverTheyAreCut() {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed: seed)
    for round in 0..<600 {
      let bytes =
        round % 2 == 0
        ? Array(text(isRegular: true, &random).prefix(90))
        : (0..<Int.random(in: 1...24, using: &random)).map { _ in
          ([0x2C, 0x0A, 0x22, 0x22, 0x61, 0x0D] as [UInt8]).randomElement(using: &random) ?? 0
        }
      let ends = recordEnds(bytes)
      for cut in 0...bytes.count {
        var boundary = RecordBoundary(CSVDialect())
        let first = bytes[..<cut].withUnsafeBytes { boundary.feed($0) }
        let second = bytes[cut...].withUnsafeBytes { boundary.feed($0) }
        let last = second > 0 ? cut + second : first
        #expect(last == ends.last ?? 0, "seed \(seed): \(bytes) cut at \(cut)")
      }
    }
  }

  /// Where records end with a line feed.
  private func recordEnds(_ bytes: [UInt8]) -> [Int] {
    let scanner = RecordScanner(CSVDialect())
    return bytes.withUnsafeBytes { bytes in
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { ends in
        var (found, start): ([Int], Int) = ([], 0)
        while start < bytes.count {
          let record = scanner.scan(bytes, from: start, ends: ends)
          // A record that the bytes' end cuts off, also inside quotes, has no line feed of its own.
          if record.next > record.lastEnd { found.append(record.next) }
          start = record.next
        }
        return found
      }
    }
  }

  @Test(
    arguments: [
      ("0", 0, 0), ("-0", 0, 0), ("+7", 7, 0), (" 7 ", 7, 0), ("007", 7, 0), ("1.50", 150, 2), ("1e3", 1_000, 0),
      ("15e-1", 15, 1), (".5", 5, 1), ("5.", 5, 0), ("+10.", 10, 0), ("-.5e1", -5, 0), ("5.e2", 500, 0),
      ("1e-28", 1, 28),
      ("0.0000000000000000000000000007", 7, 28),
      ("1.5e1", 15, 0), ("0e99", 0, 0), ("999999999999999999", 999_999_999_999_999_999, 0),
    ] as [(String, Int, UInt8)])
  func numbersAreExact(text: String, mantissa: Int, scale: UInt8) {
    let number = Array(text.utf8).withUnsafeBytes { NumberParser.parse($0) }
    #expect(number == DecimalNumber(mantissa: Int128(mantissa), scale: scale))
  }

  @Test(arguments: [
    "", " ", "-", "+", ".", "-.", ".e1", "1..2", "1e", "e1", "1 2", "0x1", "1_0", "1,0", "NaN", "inf", "--1", "1e19e1",
    "1e-29",
    "1e38", "\u{661}",
  ])
  func otherTextsAreNoNumbers(text: String) {
    #expect(Array(text.utf8).withUnsafeBytes { NumberParser.parse($0) } == nil, "\(text)")
  }

  @Test func keysSortAsTheirBytesDo() throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed: seed)
    for round in 0..<40 {
      let prefix = [UInt8](repeating: 0x70, count: [0, 3, 8, 30][round % 4])
      let keys = (0..<Int.random(in: 0...400, using: &random)).map { _ in
        prefix + (0..<Int.random(in: 0...12, using: &random)).map { _ in UInt8.random(in: 0...3, using: &random) }
      }
      #expect(sorted(keys) == keys.sorted { $0.lexicographicallyPrecedes($1) }, "seed \(seed)")
    }
  }

  private func sorted(_ keys: [[UInt8]]) -> [[UInt8]] {
    let room = UnsafeMutableRawPointer.allocate(byteCount: keys.reduce(1) { $0 + $1.count + 20 }, alignment: 16)
    defer { room.deallocate() }
    var end = room
    let entries = UnsafeMutableBufferPointer<KeySort.Entry>.allocate(capacity: max(keys.count, 1))
    defer { entries.deallocate() }
    for (index, key) in keys.enumerated() {
      entries[index] = KeySort.Entry(word: 0, record: end)
      ByteCursor.writeVarint(UInt64(key.count), &end)
      ByteCursor.writeVarint(0, &end)
      key.withUnsafeBytes { if let base = $0.baseAddress { end.copyMemory(from: base, byteCount: $0.count) } }
      end += key.count
    }
    let used = UnsafeMutableBufferPointer(rebasing: entries[..<keys.count])
    KeySort.sort(used)
    return used.map { Array($0.key) }
  }

  /// Partitions are ranges: a key of a later partition is never less than one of an earlier.
  @Test func partitionsAreRangesOfKeys() {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed: seed)
    for prefix in [0, 1, 9] {
      let keys = (0..<2_000).map { _ in
        [UInt8](repeating: 0x70, count: prefix)
          + (0..<Int.random(in: 0...4, using: &random)).map { _ in
            UInt8.random(in: 0...255, using: &random)
          }
      }
      let router = PartitionRouter(sample: Array(keys.prefix(500)), partitions: 64)
      var last = 0
      for key in keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        let partition = key.withUnsafeBytes { router.partition(of: $0) }
        #expect(partition >= last && partition < router.count, "seed \(seed)")
        last = partition
      }
      #expect(router.count > 8)
    }
  }

  @Test func theFirstRowsOfAFileAreShown() {
    let bytes = Array("a,\"b\"\"c\"\n1,2\n\n3,4\n5,".utf8)
    #expect(
      CSVPreview.rows(bytes, isWhole: false, rowsMost: 9, columnsMost: 9) == [["a", "b\"c"], ["1", "2"], ["3", "4"]])
    #expect(CSVPreview.rows(bytes, isWhole: true, rowsMost: 9, columnsMost: 9).last == ["5", ""])
    #expect(CSVPreview.rows(bytes, isWhole: true, rowsMost: 1, columnsMost: 9) == [["a", "b\"c"]])
  }
}
