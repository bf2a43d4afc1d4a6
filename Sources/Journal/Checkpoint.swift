// Signed checkpoints: how long a log is and what its root is, in a form that others verify (C2SP
// tlog-checkpoint and signed-note, c2sp.org).

import Link
import Octets

/// A checkpoint is below 300 bytes.
public typealias CheckpointText = Bytes<400>

public enum Checkpoint {
  /// The algorithm's number in a signed note: Ed25519.
  private static var algorithm: UInt8 { 1 }

  /// The log's name, and that of its key: `tillgate/` and the origin in hexadecimal digits.
  private static func appendName<let capacity: Int>(
    _ origin: Origin, to text: inout Bytes<capacity>
  ) throws(Overflow) {
    var bytes = Bytes<16>()
    try origin.append(to: &bytes)
    try text.append("tillgate/")
    try bytes.withBytes { (bytes) throws(Overflow) in try text.append(hex: bytes) }
  }

  /// The first 4 bytes of SHA-256 over the name, a line end, the algorithm and the key.
  private static func keyHash(
    _ origin: Origin, _ key: Digest
  ) throws(Overflow) -> Digest {
    var text = Bytes<128>()
    try appendName(origin, to: &text)
    try text.append("\n")
    try text.append(algorithm)
    try key.withBytes { (key) throws(Overflow) in try text.append(key) }
    return text.withBytes { Digest(of: $0) }
  }

  /// Appends the line that a verifier is given: name, key hash and key, joined by `+`.
  public static func appendVerifierKey<let capacity: Int>(
    _ origin: Origin, _ key: Digest, to text: inout Bytes<capacity>
  ) throws(Overflow) {
    let hash = try keyHash(origin, key)
    var content = Bytes<33>()
    try content.append(algorithm)
    try key.withBytes { (key) throws(Overflow) in try content.append(key) }
    try appendName(origin, to: &text)
    try text.append("+")
    try hash.withBytes { (hash) throws(Overflow) in try text.append(hex: hash.extracting(0..<4)) }
    try text.append("+")
    try content.withBytes { (content) throws(Overflow) in try text.append(base64: content) }
  }

  /// Appends the signed checkpoint of a log's first `size` records.
  public static func append<let capacity: Int>(
    _ origin: Origin, size: UInt64, root: Digest, key: borrowing LogKey,
    to text: inout Bytes<capacity>
  ) throws(Overflow) {
    var body = Bytes<160>()
    try appendName(origin, to: &body)
    try body.append("\n")
    try body.append(decimal: size)
    try body.append("\n")
    try root.withBytes { (root) throws(Overflow) in try body.append(base64: root) }
    try body.append("\n")
    var signature = Bytes<68>()
    let hash = try keyHash(origin, key.makePublic())
    try hash.withBytes { (hash) throws(Overflow) in
      try signature.append(hash.extracting(0..<4))
    }
    body.withBytes { key.sign($0, into: &signature) }
    try body.withBytes { (body) throws(Overflow) in try text.append(body) }
    // An em dash in UTF-8.
    try text.append("\n\u{2014} ")
    try appendName(origin, to: &text)
    try text.append(" ")
    try signature.withBytes { (bytes) throws(Overflow) in try text.append(base64: bytes) }
    try text.append("\n")
  }
}
