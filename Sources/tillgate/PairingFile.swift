// The file from which a bench takes a pairing: `tillgate keys pair --keys FILE`.

import Link
import LinuxBoard
import Octets

/// The keys of such a file.
struct PairingFile: ~Copyable {
  private var secret = Link.Key()
  private var register = Link.Key()
  private var recordKey = Link.Key()

  mutating func wipe() {
    secret.wipe()
    register.wipe()
    recordKey.wipe()
  }

  /// Reads lines of `name = 64 hexadecimal digits`, each name once; blank lines and lines that
  /// begin with `#` are passed over. Returns the number of the line that is wrong, or 0 when one is
  /// missing; nil when all is well.
  mutating func read(_ text: Span<UInt8>) -> Int? {
    var start = 0
    var number = 0
    while start < text.count {
      var end = start
      while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
      number += 1
      guard readLine(text.extracting(start..<end)) else { return number }
      start = end + 1
    }
    return secret.count == 32 && register.count == 32 && recordKey.count == 32 ? nil : 0
  }

  /// Puts the keys that were read into `book`.
  borrowing func copy(to book: inout PairingBook) {
    guard let key = register.withBytes({ PublicKey($0) }) else {
      preconditionFailure("a file is copied when it has been read")
    }
    book.take(secret: secret, recordKey: recordKey, register: key)
  }

  private mutating func readLine(_ line: Span<UInt8>) -> Bool {
    let trimmed = line.trimmed
    if trimmed.isEmpty || trimmed[0] == UInt8(ascii: "#") { return true }
    for index in trimmed.indices where trimmed[index] == UInt8(ascii: "=") {
      let name = trimmed.extracting(0..<index).trimmed
      let value = trimmed.extracting((index + 1)...).trimmed
      if withLiteral("controller-secret", { name.equals($0) }) { return Self.set(&secret, value) }
      if withLiteral("register-public", { name.equals($0) }) { return Self.set(&register, value) }
      if withLiteral("record-key", { name.equals($0) }) { return Self.set(&recordKey, value) }
      return false
    }
    return false
  }

  private static func set(_ key: inout Link.Key, _ digits: Span<UInt8>) -> Bool {
    guard key.isEmpty else { return false }
    do throws(HexError) { try Hex.decode(digits, into: &key) } catch { return false }
    return key.count == 32
  }
}

extension Span where Element == UInt8 {
  /// Without blanks at both ends.
  fileprivate var trimmed: Span<UInt8> {
    @_lifetime(copy self) get {
      var first = 0
      var last = count
      while first < last, self[first].isBlank { first += 1 }
      while last > first, self[last - 1].isBlank { last -= 1 }
      return extracting(first..<last)
    }
  }
}

extension UInt8 {
  fileprivate var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0D }
}
