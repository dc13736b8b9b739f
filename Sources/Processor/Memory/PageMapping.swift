#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Pages straight from the kernel, all zeros.
enum PageMapping {
  static let hugePageBytes = 2 << 20

  /// - Returns: nil when the machine has no memory left.
  static func map(_ bytes: Int) -> UnsafeMutableRawPointer? {
    guard let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0), memory != MAP_FAILED
    else { return nil }
    return memory
  }

  /// The same at a multiple of 2 MiB, with pages of that size where the kernel has some: for what is read all over, which
  /// would miss the table of pages at every other step.
  static func mapHuge(_ bytes: Int) -> UnsafeMutableRawPointer? {
    guard bytes >= hugePageBytes, let memory = map(bytes + hugePageBytes) else { return map(bytes) }
    let address = Int(bitPattern: memory)
    let aligned = (address + hugePageBytes - 1) / hugePageBytes * hugePageBytes
    if aligned > address { munmap(memory, aligned - address) }
    let start = UnsafeMutableRawPointer(bitPattern: aligned)!
    let behind = address + hugePageBytes - aligned
    if behind > 0 { munmap(start + bytes, behind) }
    #if os(Linux)
      madvise(start, bytes, Int32(MADV_HUGEPAGE))
    #endif
    return start
  }
}
