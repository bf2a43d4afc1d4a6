// CPace (draft-irtf-cfrg-cpace, suite CPACE-RISTR255-SHA512) between initiator A and responder B: a
// key from a short code, of which whoever takes part in it can try one value and whoever listens
// none. Tags after the draft's section on key confirmation tell both sides whether the codes agree.

import Octets

/// One side of one exchange. Good for one try of one code.
struct CPace: ~Copyable {
  static let tagSize = 64
  /// What both sides say of themselves, and where they meet. Lengths are below 128: one byte.
  struct Terms {
    var channel: StaticString
    var initiator: StaticString
    var responder: StaticString
  }

  private static let name: StaticString = "CPaceRistretto255"
  /// SHA-512's input block.
  private static let blockSize = 128

  private var scalar = Key()
  /// What this side sends.
  private(set) var share = Key()
  private var confirmation = LongDigest()

  /// Makes the share of `code` in the session that `session` (at most 64 bytes) names. `random` is
  /// 32 random bytes. False, once in 2^252 times, when another scalar is needed.
  mutating func start(
    code: Span<UInt8>, terms: Terms, session: Span<UInt8>, random: borrowing Key
  ) -> Bool {
    // Uniform below 2^252, a little less than the group's order (draft, sample_scalar).
    random.withBytes { scalar.set($0) }
    scalar[31] &= 0x0F
    var generator = Key()
    defer { generator.wipe() }
    withLiteral(terms.channel) {
      Self.generator(of: code, channel: $0, session: session, into: &generator)
    }
    return ristretto(scalar, generator, into: &share)
  }

  /// The draft's calculate_generator.
  static func generator(
    of code: Span<UInt8>, channel: Span<UInt8>, session: Span<UInt8>, into generator: inout Key
  ) {
    var text = Bytes<320>()
    var digest = LongDigest()
    defer {
      text.wipe()
      digest.wipe()
    }
    let padding = max(0, blockSize - 3 - code.count - name.utf8CodeUnitCount)
    do throws(Overflow) {
      try withLiteral(name) { (name) throws(Overflow) in try text.append(counted: name) }
      try text.append(counted: code)
      try text.append(UInt8(padding))
      for _ in 0..<padding { try text.append(0) }
      try text.append(counted: channel)
      try text.append(counted: session)
    } catch { preconditionFailure("codes, channels and sessions of ours") }
    text.withBytes { sha512($0, into: &digest) }
    ristrettoElement(of: digest, into: &generator)
  }

  /// Takes the other side's share; false, and the end, when it is none.
  mutating func finish(
    isInitiator: Bool, peer: borrowing Key, terms: Terms, session: Span<UInt8>
  ) -> Bool {
    var secret = Key()
    var key = LongDigest()
    defer {
      secret.wipe()
      key.wipe()
      scalar.wipe()
    }
    guard ristretto(scalar, peer, into: &secret) else { return false }
    if isInitiator {
      Self.key(of: secret, share, peer, terms: terms, session: session, into: &key)
    } else {
      Self.key(of: secret, peer, share, terms: terms, session: session, into: &key)
    }
    var text = Bytes<192>()
    defer { text.wipe() }
    do throws(Overflow) {
      try text.append("CPaceMac")
      try text.append(session)
      try key.withBytes { (key) throws(Overflow) in try text.append(key) }
    } catch { preconditionFailure("at most 8, 64 and 64 bytes") }
    text.withBytes { sha512($0, into: &confirmation) }
    return true
  }

  /// The draft's intermediate session key for initiator and responder.
  static func key(
    of secret: borrowing Key, _ initiator: borrowing Key, _ responder: borrowing Key, terms: Terms,
    session: Span<UInt8>, into key: inout LongDigest
  ) {
    var text = Bytes<320>()
    defer { text.wipe() }
    do throws(Overflow) {
      try withLiteral("CPaceRistretto255_ISK") { (name) throws(Overflow) in
        try text.append(counted: name)
      }
      try text.append(counted: session)
      try secret.withBytes { (secret) throws(Overflow) in try text.append(counted: secret) }
      try append(initiator, terms.initiator, to: &text)
      try append(responder, terms.responder, to: &text)
    } catch { preconditionFailure("elements, and names of ours") }
    text.withBytes { sha512($0, into: &key) }
  }

  /// The tag of the side that `sender` names, over what it sent.
  borrowing func tag(_ share: borrowing Key, _ sender: StaticString, into tag: inout LongDigest) {
    var text = Bytes<96>()
    do throws(Overflow) { try Self.append(share, sender, to: &text) } catch {
      preconditionFailure("an element, and a name of ours")
    }
    text.withBytes { hmacSHA512(confirmation, $0, into: &tag) }
  }

  private static func append<let capacity: Int>(
    _ share: borrowing Key, _ sender: StaticString, to text: inout Bytes<capacity>
  ) throws(Overflow) {
    try share.withBytes { (share) throws(Overflow) in try text.append(counted: share) }
    try withLiteral(sender) { (sender) throws(Overflow) in try text.append(counted: sender) }
  }

  mutating func wipe() {
    scalar.wipe()
    share.wipe()
    confirmation.wipe()
  }
}

extension Bytes {
  /// The draft's prepend_len, for lengths below 128.
  fileprivate mutating func append(counted bytes: Span<UInt8>) throws(Overflow) {
    precondition(bytes.count < 128, "longer ones take two bytes, and there are none")
    try append(UInt8(bytes.count))
    try append(bytes)
  }
}
