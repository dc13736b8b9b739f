#if Server
  import TallySchema

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// The file descriptors that the process may have: every connection takes one, and what is left must be enough for the store,
  /// the jobs and the runtime's own, which end the process where they get none.
  enum DescriptorLimit {
    /// Kept for all but connections, where there are plenty.
    private static let reservedMost = 512
    /// What the store, the event loops, the runtime and downloads' files take besides.
    private static let reservedLeast = 64
    /// Of one job: inputs that stay open, result, spill file, folders on the way.
    private static let perJob = 32

    /// Raises the soft limit to the hard one, and returns what it is then.
    @discardableResult
    static func raise() -> Int {
      var limit = rlimit()
      #if canImport(Glibc)
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
      #else
        let resource = RLIMIT_NOFILE
      #endif
      guard getrlimit(resource, &limit) == 0 else { return 1_024 }
      limit.rlim_cur = min(limit.rlim_max, 1 << 20)
      setrlimit(resource, &limit)
      getrlimit(resource, &limit)
      return Int(limit.rlim_cur)
    }

    /// The limits with no more connections, streams and downloads than there are descriptors for.
    static func applied(to limits: Limits, jobsAtOnce: Int, descriptors: Int = raise()) -> Limits {
      let wanted = min(reservedMost, reservedLeast + perJob * jobsAtOnce)
      // At least a third is for connections, however few there are.
      let reserve = min(wanted, descriptors * 2 / 3)
      var limits = limits
      // A download has a file beside its connection. Where there are few descriptors, it takes them from the reserve.
      limits.downloads = max(1, min(limits.downloads, max(reserve / 4, descriptors / 8)))
      let files = max(0, limits.downloads - reserve / 4)
      limits.connections = max(1, min(limits.connections, descriptors - reserve - files))
      limits.streams = max(1, min(limits.streams, limits.connections))
      return limits
    }
  }
#endif
