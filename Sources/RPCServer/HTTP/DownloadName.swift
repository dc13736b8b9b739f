import TallySchema

/// The name under which a browser keeps what it downloads (RFC 6266): pure.
enum DownloadName {
  /// The last part of an output's name.
  static func last(of output: String?) -> String? { output.flatMap { FileName.parts($0).last } }

  /// `attachment; filename="…"; filename*=UTF-8''…`: the first for programs that don't know the second, without what could end
  /// the quoted string; the second wherever that isn't the name itself (RFC 8187, section 3.2.1, has what stays as it is).
  static func disposition(_ name: String) -> String {
    let isPlain: (Unicode.Scalar) -> Bool = { $0.isASCII && $0 != "\"" && $0 != "\\" && $0 != "%" && $0.value >= 0x20 }
    let plain = String(String.UnicodeScalarView(name.unicodeScalars.map { isPlain($0) ? $0 : "_" }))
    let field = "attachment; filename=\"\(plain)\""
    return plain.hasSameBytes(as: name)
      ? field : field + "; filename*=UTF-8''" + PercentEncoding.encode(name, keeping: "!#$&+-.^_`|~")
  }
}
