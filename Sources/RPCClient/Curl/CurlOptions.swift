/// What holds for all of a client's transfers, in curl's terms.
struct CurlOptions: Sendable {
  var authorityFile: String?
  var certificateFile: String?
  var keyFile: String?
  var keyPassword: String?
  var pinnedPublicKey: String?
  /// Nil: the environment's; empty: none.
  var proxy: String?
  var usesNetrc = false
  /// Nil: `~/.netrc`.
  var netrcFile: String?
}
