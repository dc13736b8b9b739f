import TallySchema

/// The name under which a browser keeps what it downloads (RFC 6266): pure.
enum DownloadName {
  /// The last part of an output's name.
  static func last(of output: String?) -> String? { output.flatMap { FileName.parts($0).last } }

  /// `attachment; filename="…"; filename*=UTF-8''…`: the first for programs that don't know the second, without what could end
  /// the quoted string; the second wherever that isn't the name itself (RFC 8187, section 3.2).
  static func disposition(_ name: String) -> String {
    let isPlain: (Unicode.Scalar) -> Bool = { $0.isASCII && $0 != "\"" && $0 != "\\" && $0 != "%" && $0.value >= 0x20 }
    let plain = String(String.UnicodeScalarView(name.unicodeScalars.map { isPlain($0) ? $0 : "_" }))
    let field = "attachment; filename=\"\(plain)\""
    return plain.hasSameBytes(as: name) ? field : field + "; filename*=UTF-8''" + encoded(name)
  }

  /// Everything but the characters of an attribute (RFC 8187, section 3.2.1).
  private static func encoded(_ name: String) -> String {
    let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`|~".utf8)
    let digits = Array("0123456789ABCDEF".utf8)
    let bytes = name.utf8.flatMap { byte -> [UInt8] in
      plain.contains(byte) ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
