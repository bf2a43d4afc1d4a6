// Source text without its comments, or without its comments and literals, so that a rule about code
// does not stumble over prose. Line ends stay, so that line numbers do.

struct Blanking {
  private let source: [UInt8]
  private let keepsLiterals: Bool
  private var at = 0
  private var result: [UInt8] = []

  /// `source`, Swift or C, with comments replaced by blanks.
  static func comments(of source: String) -> String {
    var blanking = Blanking(source, keepsLiterals: true)
    return blanking.run()
  }

  /// Swift `source` with comments and the content of string literals replaced by blanks. What is
  /// interpolated stays, as it is code.
  static func commentsAndLiterals(of source: String) -> String {
    var blanking = Blanking(source, keepsLiterals: false)
    return blanking.run()
  }

  private init(_ source: String, keepsLiterals: Bool) {
    self.source = Array(source.utf8)
    self.keepsLiterals = keepsLiterals
  }

  private mutating func run() -> String {
    code(untilParenthesis: false)
    return String(decoding: result, as: UTF8.self)
  }

  private func sees(_ text: String) -> Bool { source[at...].starts(with: text.utf8) }

  private mutating func take(blank: Bool) {
    result.append(blank && !sees("\n") ? UInt8(ascii: " ") : source[at])
    at += 1
  }

  private mutating func take(_ count: Int, blank: Bool) {
    for _ in 0..<min(count, source.count - at) { take(blank: blank) }
  }

  /// Code to the end, or past the parenthesis that closes an interpolation.
  private mutating func code(untilParenthesis: Bool) {
    var depth = 0
    while at < source.count {
      if sees("//") {
        while at < source.count, !sees("\n") { take(blank: true) }
      } else if sees("/*") {
        comment()
      } else if sees("\"") || sees("#") {
        literal()
      } else {
        if sees("(") { depth += 1 }
        if sees(")") { depth -= 1 }
        take(blank: false)
        if untilParenthesis, depth < 0 { return }
      }
    }
  }

  /// A block comment, which may have others inside.
  private mutating func comment() {
    var depth = 0
    repeat {
      if sees("/*") {
        depth += 1
        take(2, blank: true)
      } else if sees("*/") {
        depth -= 1
        take(2, blank: true)
      } else {
        take(blank: true)
      }
    } while depth > 0 && at < source.count
  }

  /// A string literal, plain, raw or of several lines; or a `#` that begins none.
  private mutating func literal() {
    let count = source[at...].prefix { $0 == UInt8(ascii: "#") }.count
    let hashes = String(repeating: "#", count: count)
    guard source[at...].dropFirst(hashes.count).first == UInt8(ascii: "\"") else {
      return take(max(hashes.count, 1), blank: false)
    }
    take(hashes.count, blank: false)
    let quotes = sees("\"\"\"") ? "\"\"\"" : "\""
    take(quotes.count, blank: false)
    while at < source.count {
      if quotes.count == 1, sees("\n") {
        // Unfinished, as in C's '"'.
        return
      } else if sees(quotes + hashes) {
        return take(quotes.count + hashes.count, blank: false)
      } else if sees("\\" + hashes + "(") {
        take(hashes.count + 1, blank: !keepsLiterals)
        take(blank: false)
        code(untilParenthesis: true)
      } else if sees("\\" + hashes) {
        take(hashes.count + 2, blank: !keepsLiterals)
      } else {
        take(blank: !keepsLiterals)
      }
    }
  }
}
