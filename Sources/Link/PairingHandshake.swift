// Noise_XX_25519_ChaChaPoly_SHA256 (noiseprotocol.org, revision 34): the handshake of a pairing,
// when neither side knows the other's static key. It makes a channel to somebody; who that is, the
// code decides (PairingTerms.swift).
//
//     -> e
//     <- e, ee, s, es
//     -> s, se

import Octets

/// One such handshake on either side. The functions are called in the order of the pattern; after a
/// false the state is good for nothing but `wipe`.
struct PairingHandshake: ~Copyable {
  static let prologue: StaticString = "tillgate pair 1"

  private var symmetric = SymmetricState()
  /// The other side's ephemeral and static keys, as far as they are known.
  private(set) var remote = Key()
  private(set) var peer = Key()

  /// Both sides: starts, and mixes the initiator's `-> e` with its empty payload.
  mutating func start(_ initiatorEphemeral: Span<UInt8>) {
    symmetric.start("Noise_XX_25519_ChaChaPoly_SHA256")
    withLiteral(Self.prologue) { symmetric.mixHash($0) }
    symmetric.mixHash(initiatorEphemeral)
    symmetric.mixHash(Span())
  }

  /// Responder: takes `-> e` and appends `<- e, ee, s, es` with `payload`.
  mutating func answer<let capacity: Int>(
    _ initiatorEphemeral: Span<UInt8>, own: borrowing KeyPair, ephemeral: borrowing KeyPair,
    payload: Span<UInt8>, into message: inout Bytes<capacity>
  ) throws(Overflow) -> Bool {
    start(initiatorEphemeral)
    remote.set(initiatorEphemeral)
    try ephemeral.point.withBytes { (point) throws(Overflow) in try message.append(point) }
    ephemeral.point.withBytes { symmetric.mixHash($0) }
    guard symmetric.mixShared(ephemeral.secret, remote) else { return false }
    try own.point.withBytes { (point) throws(Overflow) in
      try symmetric.seal(point, into: &message)
    }
    guard symmetric.mixShared(own.secret, remote) else { return false }
    try symmetric.seal(payload, into: &message)
    return true
  }

  /// Initiator: reads `<- e, ee, s, es`, 80 bytes and the sealed payload, which goes to `payload`.
  mutating func readAnswer<let capacity: Int>(
    _ message: Span<UInt8>, ephemeral: borrowing KeyPair, payload: inout Bytes<capacity>
  ) -> Bool {
    guard message.count >= 80 + tagSize else { return false }
    remote.set(message.extracting(0..<32))
    remote.withBytes { symmetric.mixHash($0) }
    guard symmetric.mixShared(ephemeral.secret, remote) else { return false }
    peer.removeAll()
    guard symmetric.open(message.extracting(32..<80), into: &peer) else { return false }
    guard symmetric.mixShared(ephemeral.secret, peer) else { return false }
    return symmetric.open(message.extracting(80..<message.count), into: &payload)
  }

  /// Initiator: appends `-> s, se` with `payload`.
  mutating func introduce<let capacity: Int>(
    own: borrowing KeyPair, payload: Span<UInt8>, into message: inout Bytes<capacity>
  ) throws(Overflow) -> Bool {
    try own.point.withBytes { (point) throws(Overflow) in
      try symmetric.seal(point, into: &message)
    }
    guard symmetric.mixShared(own.secret, remote) else { return false }
    try symmetric.seal(payload, into: &message)
    return true
  }

  /// Responder: reads `-> s, se`, 48 bytes and the sealed payload, which goes to `payload`.
  mutating func readIntroduction<let capacity: Int>(
    _ message: Span<UInt8>, ephemeral: borrowing KeyPair, payload: inout Bytes<capacity>
  ) -> Bool {
    guard message.count >= 48 + tagSize else { return false }
    peer.removeAll()
    guard symmetric.open(message.extracting(0..<48), into: &peer) else { return false }
    guard symmetric.mixShared(ephemeral.secret, peer) else { return false }
    return symmetric.open(message.extracting(48..<message.count), into: &payload)
  }

  /// The hash that names this handshake and no other, once it is complete.
  borrowing func withHash<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try symmetric.withHash(body)
  }

  /// The keys of both directions: register to controller, and back.
  mutating func split(into forth: inout Key, _ back: inout Key) {
    symmetric.split(into: &forth, &back)
  }

  mutating func copy(_ other: borrowing PairingHandshake) {
    symmetric.copy(other.symmetric)
    other.remote.withBytes { remote.set($0) }
    other.peer.withBytes { peer.set($0) }
  }

  mutating func wipe() {
    symmetric.wipe()
    remote.wipe()
    peer.wipe()
  }
}
