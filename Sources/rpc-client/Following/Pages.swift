#if Server
  import TallySchema

  /// Reads the pages of a list, one after the other. A server that never comes to an end is left.
  enum Pages {
    /// More than any server keeps.
    private static let most = 10_000

    /// - Parameter read: reads the page of a token, nil: the first; tells how many entries it has, and the next token. It
    ///   returns nil for a token when it needs no more.
    /// - Throws: ``RPCError`` DATA_LOSS (PAGES_WITHOUT_END), and what `read` throws.
    static func follow(_ read: (_ token: String?) async throws -> (count: Int, next: String?)) async throws {
      var token: String?
      for _ in 0..<most {
        let page = try await read(token)
        guard let next = page.next else { return }
        // An honest page moves on.
        if page.count == 0 || next.hasSameBytes(as: token ?? "") { break }
        token = next
      }
      throw RPCError(
        .dataLoss, reason: "PAGES_WITHOUT_END",
        "The server's list doesn't end: its pages are empty, or begin again. Is this a Tally server?")
    }
  }
#endif
