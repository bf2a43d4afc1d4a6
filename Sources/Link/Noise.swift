// Noise_KK_25519_ChaChaPoly_SHA256 (noiseprotocol.org, revision 34): the handshake of every session
// between a paired register and controller. Both static keys are known beforehand; nothing is
// negotiated.
//
//     -> e, es, ss
//     <- e, ee, se
//
// Key material stays in the places it was first written to: a move would leave a copy behind.

import Octets

/// An X25519 key pair in one place.
struct KeyPair: ~Copyable {
  private(set) var secret = Key()
  private(set) var point = Key()

  var isReady: Bool { secret.count == 32 }

  /// Takes 32 random or stored bytes.
  mutating func load(_ bytes: borrowing Key) {
    bytes.withBytes { secret.set($0) }
    x25519Public(secret, into: &point)
  }

  mutating func wipe() {
    secret.wipe()
    point.wipe()
  }
}

/// Noise section 5.2.
struct SymmetricState: ~Copyable {
  private var chainingKey = Key()
  private var hash = Key()
  private var key = Key()
  /// What was sealed under `key` so far.
  private var counter: UInt64 = 0

  /// The protocol's name is exactly as long as a hash, which makes it the first hash.
  mutating func start(_ name: StaticString) {
    withLiteral(name) {
      hash.set($0)
      chainingKey.set($0)
    }
  }

  /// The hash of everything so far; at the end it names this handshake and no other.
  borrowing func withHash<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try hash.withBytes(body)
  }

  mutating func mixHash(_ data: Span<UInt8>) {
    var input = Bytes<96>()
    hash.withBytes { input.set($0) }
    do { try input.append(data) } catch {
      preconditionFailure("nothing longer than 64 bytes is mixed")
    }
    input.withBytes { sha256($0, into: &hash) }
  }

  /// HKDF with two outputs (Noise section 4.3).
  private borrowing func derive(
    _ material: Span<UInt8>, into first: inout Key, _ second: inout Key
  ) {
    var extracted = Key()
    var input = Bytes<33>()
    hmac(chainingKey, material, into: &extracted)
    withLiteral("\u{1}") { hmac(extracted, $0, into: &first) }
    first.withBytes { input.set($0) }
    do { try input.append(2) } catch { preconditionFailure("33 bytes fit") }
    input.withBytes { hmac(extracted, $0, into: &second) }
    extracted.wipe()
    input.wipe()
  }

  /// Mixes the shared secret of `scalar` and `point`; false when the point is of low order.
  mutating func mixShared(_ scalar: borrowing Key, _ point: borrowing Key) -> Bool {
    var shared = Key()
    let isUsable = x25519(scalar, point, into: &shared)
    if isUsable { mix(shared) }
    shared.wipe()
    return isUsable
  }

  /// Mixes a shared secret.
  mutating func mix(_ shared: borrowing Key) {
    var nextChainingKey = Key()
    var nextKey = Key()
    shared.withBytes { derive($0, into: &nextChainingKey, &nextKey) }
    nextChainingKey.withBytes { chainingKey.set($0) }
    nextKey.withBytes { key.set($0) }
    counter = 0
    nextChainingKey.wipe()
    nextKey.wipe()
  }

  /// Appends `plain`, of at most 48 bytes, sealed: 16 bytes longer.
  mutating func seal<let capacity: Int>(
    _ plain: Span<UInt8>, into message: inout Bytes<capacity>
  ) throws(Overflow) {
    var sealed = Bytes<64>()
    try hash.withBytes { (hash) throws(Overflow) in
      try Link.seal(plain, key: key, counter: counter, associated: hash, into: &sealed)
    }
    counter += 1
    try sealed.withBytes { (sealed) throws(Overflow) in
      mixHash(sealed)
      try message.append(sealed)
    }
  }

  /// Puts what `sealed`, of at most 64 bytes, holds into `plain`; false when it is not genuine or
  /// does not fit.
  mutating func open<let capacity: Int>(
    _ sealed: Span<UInt8>, into plain: inout Bytes<capacity>
  ) -> Bool {
    guard sealed.count <= 64 else { return false }
    let isGenuine = hash.withBytes {
      Link.open(sealed, key: key, counter: counter, associated: $0, into: &plain)
    }
    if isGenuine {
      counter += 1
      mixHash(sealed)
    }
    return isGenuine
  }

  /// Checks the tag of an empty payload.
  mutating func openEmpty(_ tag: Span<UInt8>) -> Bool {
    var empty = Bytes<0>()
    return open(tag, into: &empty)
  }

  /// The keys of both directions: initiator to responder, and back.
  mutating func split(into forth: inout Key, _ back: inout Key) {
    derive(Span(), into: &forth, &back)
    wipe()
  }

  mutating func copy(_ other: borrowing SymmetricState) {
    other.chainingKey.withBytes { chainingKey.set($0) }
    other.hash.withBytes { hash.set($0) }
    other.key.withBytes { key.set($0) }
    counter = other.counter
  }

  mutating func wipe() {
    chainingKey.wipe()
    hash.wipe()
    key.wipe()
  }
}

/// One handshake on either side. The functions are called in the order of the pattern; after a
/// false the state is good for nothing but `wipe`.
struct Handshake: ~Copyable {
  /// A public key and a tag, in both directions.
  static let messageSize = 48

  private var symmetric = SymmetricState()

  /// Pre-messages: the initiator's static key, then the responder's.
  mutating func start(
    prologue: Span<UInt8>, initiator: borrowing Key, responder: borrowing Key
  ) {
    symmetric.start("Noise_KK_25519_ChaChaPoly_SHA256")
    symmetric.mixHash(prologue)
    initiator.withBytes { symmetric.mixHash($0) }
    responder.withBytes { symmetric.mixHash($0) }
  }

  /// Initiator: `-> e, es, ss`.
  mutating func writeRequest<let capacity: Int>(
    own: borrowing KeyPair, ephemeral: borrowing KeyPair, peer: borrowing Key,
    into message: inout Bytes<capacity>
  ) throws(Overflow) -> Bool {
    try ephemeral.point.withBytes { (point) throws(Overflow) in try message.append(point) }
    ephemeral.point.withBytes { symmetric.mixHash($0) }
    guard symmetric.mixShared(ephemeral.secret, peer) else { return false }
    guard symmetric.mixShared(own.secret, peer) else { return false }
    try symmetric.seal(Span(), into: &message)
    return true
  }

  /// Responder: reads `-> e, es, ss` of the peer whose secrets these are, after `start` for it.
  /// `ephemeralShared` is the secret of the initiator's ephemeral key and the own static one,
  /// `staticShared` that of both static keys: with several peers each is made once.
  mutating func readRequest(
    _ message: Span<UInt8>, ephemeralShared: borrowing Key, staticShared: borrowing Key
  ) -> Bool {
    guard message.count == Self.messageSize else { return false }
    symmetric.mixHash(message.extracting(0..<32))
    symmetric.mix(ephemeralShared)
    symmetric.mix(staticShared)
    return symmetric.openEmpty(message.extracting(32..<48))
  }

  /// Responder: `<- e, ee, se`.
  mutating func writeAnswer<let capacity: Int>(
    ephemeral: borrowing KeyPair, remote: borrowing Key, peer: borrowing Key,
    into message: inout Bytes<capacity>
  ) throws(Overflow) -> Bool {
    try ephemeral.point.withBytes { (point) throws(Overflow) in try message.append(point) }
    ephemeral.point.withBytes { symmetric.mixHash($0) }
    guard symmetric.mixShared(ephemeral.secret, remote) else { return false }
    guard symmetric.mixShared(ephemeral.secret, peer) else { return false }
    try symmetric.seal(Span(), into: &message)
    return true
  }

  /// Initiator: reads `<- e, ee, se`. A forged answer spoils the state: read it with a copy.
  mutating func readAnswer(
    _ message: Span<UInt8>, own: borrowing KeyPair, ephemeral: borrowing KeyPair
  ) -> Bool {
    guard message.count == Self.messageSize else { return false }
    var remote = Key()
    remote.set(message.extracting(0..<32))
    remote.withBytes { symmetric.mixHash($0) }
    guard symmetric.mixShared(ephemeral.secret, remote) else { return false }
    guard symmetric.mixShared(own.secret, remote) else { return false }
    return symmetric.openEmpty(message.extracting(32..<48))
  }

  mutating func split(into forth: inout Key, _ back: inout Key) {
    symmetric.split(into: &forth, &back)
  }

  mutating func copy(_ other: borrowing Handshake) { symmetric.copy(other.symmetric) }

  mutating func wipe() { symmetric.wipe() }
}
