// The keys of the pairing with a register, for as long as they come from a file: `tillgate keys
// pair` seals them, `tillgate run` opens them.

import CSodium
import Link
import LinuxBoard
import Octets
import Vault

/// Secrets that this controller shares with, or pins of, its register.
struct Pairing: ~Copyable {
  static let fileName: StaticString = "pairing.sealed"
  static let size = 96

  /// X25519 secret key of this controller's end of the link.
  var secret = Link.Key()
  /// X25519 public key of the register.
  var register = Link.Key()
  /// AES-256 key of the records.
  var recordKey = Link.Key()

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

  borrowing func makeRecordKey() throws(StartFailure) -> RecordKey {
    do throws(SealError) {
      return try recordKey.withBytes { (key) throws(SealError) in try RecordKey(key) }
    } catch { throw .pairing }
  }

  /// Names the controller: the first 8 bytes of its public key's SHA-256.
  borrowing func nameDevice(_ name: inout Bytes<8>) {
    var point = Link.Key()
    var digest = Link.Key()
    point.fill { out in
      secret.withBytes { secret in
        _ = secret.withUnsafeBufferPointer { crypto_scalarmult_base(out, $0.baseAddress) }
      }
    }
    digest.fill { out in
      point.withBytes { point in
        _ = point.withUnsafeBufferPointer {
          crypto_hash_sha256(out, $0.baseAddress, UInt64($0.count))
        }
      }
    }
    name.removeAll()
    do {
      try digest.withBytes { (digest) throws(Overflow) in try name.append(digest.extracting(0..<8))
      }
    } catch { preconditionFailure("8 of 8 bytes") }
  }

  /// Appends the 96 bytes that are sealed.
  borrowing func encode(into bytes: inout Bytes<96>) throws(Overflow) {
    try secret.withBytes { (key) throws(Overflow) in try bytes.append(key) }
    try register.withBytes { (key) throws(Overflow) in try bytes.append(key) }
    try recordKey.withBytes { (key) throws(Overflow) in try bytes.append(key) }
  }

  /// Takes what `encode` gave; false when it is not 96 bytes.
  mutating func decode(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count == Self.size else { return false }
    do throws(Overflow) {
      try secret.append(bytes.extracting(0..<32))
      try register.append(bytes.extracting(32..<64))
      try recordKey.append(bytes.extracting(64..<96))
    } catch { return false }
    return true
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

extension Bytes<32> {
  /// Becomes the 32 bytes that `body` writes.
  fileprivate mutating func fill(_ body: (UnsafeMutablePointer<UInt8>) -> Void) {
    removeAll()
    appendFilling { room in
      room.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
      return 32
    }
  }
}
