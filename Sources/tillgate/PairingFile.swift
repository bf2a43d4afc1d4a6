// The file from which a bench takes a pairing: `tillgate keys pair --keys FILE`.

import Link
import LinuxBoard
import Octets

/// The keys of such a file.
struct PairingFile: ~Copyable {
  private var lines = KeyLines(["controller-secret", "register-public", "record-key"])

  mutating func wipe() { lines.wipe() }

  /// The number of the line that is wrong, or 0 when one is missing; nil when all is well.
  mutating func read(_ text: Span<UInt8>) -> Int? { lines.read(text) }

  /// Puts the keys that were read into `book`.
  borrowing func copy(to book: inout PairingBook) {
    guard let key = lines.withKey(1, { PublicKey($0) }) else {
      preconditionFailure("a file is copied when it has been read")
    }
    var secret = Link.Key()
    var recordKey = Link.Key()
    defer {
      secret.wipe()
      recordKey.wipe()
    }
    lines.copy(0, into: &secret)
    lines.copy(2, into: &recordKey)
    book.take(secret: secret, recordKey: recordKey, register: key)
  }
}
