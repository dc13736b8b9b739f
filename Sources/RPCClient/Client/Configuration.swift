import TallySchema

extension TallyClient {
  /// How a client reaches its servers, and how long it waits.
  public struct Configuration: Sendable {
    /// `http://host:port`, `https://host`, each with a path before the protocol's own or without, or `unix:/path/of.sock`.
    /// With several, calls go to the one that has answered last; where it can't be reached, to the next.
    public var servers: [String]
    /// Sent with every call, as HTTP header fields.
    public var metadata: [String: String] = [:]
    /// Around every call; the first stands outermost.
    public var interceptors: [any RPCInterceptor] = []
    /// Milliseconds for a call that has no deadline of its own; nil: the method's.
    public var deadlineMilliseconds: Int?
    /// Milliseconds until a connection stands, with its TLS.
    public var connectMilliseconds = 5_000
    /// When calls are sent again.
    public var retry = RetryPolicy()
    /// Milliseconds for which a broken stream or download tries to come back.
    public var reconnectMilliseconds = 30_000
    /// Bytes of a unary answer, at the most.
    public var responseBytes = Limits.standard.responseBytes
    /// What is checked of a server with TLS, and what the client shows of itself.
    public var tls = TLSOptions()
    /// As curl has it (`http://host:port`, `socks5h://…`); nil: as the environment says (`https_proxy`, `no_proxy`), as
    /// curl does; empty: none.
    public var proxy: String?
    /// Whether names and passwords come from `~/.netrc`, or from this file.
    public var netrc: Netrc = .ignored

    /// Whether names and passwords are read from a `.netrc` file.
    public enum Netrc: Hashable, Sendable {
      /// No such file is read.
      case ignored
      /// `.netrc` in the user's home folder.
      case standard
      /// The file of that path.
      case file(String)
    }

    /// Files in PEM.
    public struct TLSOptions: Hashable, Sendable {
      /// The file of the CAs to trust instead of the system's.
      public var authorityFile: String?
      /// The file of the client's certificate, for servers that ask for one.
      public var certificateFile: String?
      /// The file of the client's private key, in PEM; nil: none.
      public var keyFile: String?
      /// Of the key file.
      public var keyPassword: String?
      /// The server's public key, as curl has it: `sha256//BASE64`, several with `;` between.
      public var pinnedPublicKey: String?

      /// The system's certificates, and none of the client's own.
      public init() {}
    }

    /// A client of one server.
    public init(server: String = "http://127.0.0.1:8000") { servers = [server] }

    /// - Precondition: there is one at least.
    public init(servers: [String]) {
      precondition(!servers.isEmpty, "a client needs a server")
      self.servers = servers
    }
  }
}
