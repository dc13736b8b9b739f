#if Server
  import Schema

  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// The file descriptors that the process may have: every connection takes one.
  enum DescriptorLimit {
    /// Kept for the store, files and calls besides streams.
    private static let reserved = 512

    /// Raises the soft limit to the hard one, and returns what it is then.
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

    /// The limits with no more streams than the process has descriptors for.
    static func applied(to limits: Limits) -> Limits {
      var limits = limits
      limits.streams = max(1, min(limits.streams, raise() - reserved))
      return limits
    }
  }
#endif
