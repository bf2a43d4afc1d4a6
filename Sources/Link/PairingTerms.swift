// The terms of a pairing: its frames, limits and codes. docs/PROTOCOL.md section 9 has the flow;
// its shape, commitment, handshake, CPace over a code that the handshake's hash is in, is that of
// Trezor's host protocol.

import Octets

/// First byte of a pairing frame's content. Register and controller take turns: each frame of the
/// register's has one answer.
enum PairingFrame: UInt8 {
  case ask = 0x10
  case greet = 0x11
  case introduce = 0x12
  case share = 0x13
  case prove = 0x14
  case reveal = 0x15
  case accept = 0x16
  case finish = 0x17
  /// From the controller, in the place of an answer.
  case refuse = 0x18
  /// From the register, at any time after `introduce`.
  case cancel = 0x19

  /// Whether the content of a frame belongs to a pairing, as its first byte says.
  static func isOne(_ content: Span<UInt8>) -> Bool {
    content.count > 0 && (ask.rawValue...cancel.rawValue).contains(content[0])
  }

  /// The counter this frame's body is sealed under: each direction has each of its frames once.
  var counter: UInt64 {
    switch self {
    case .ask, .greet, .introduce, .share, .prove: 0
    case .reveal, .accept: 1
    case .finish, .cancel: 2
    case .refuse: 3
    }
  }
}

/// Which of the controller's lines a pairing goes over.
public enum PairingLine: Sendable {
  case register
  case watcher
}

public enum PairingLimits {
  /// How long a window stays open, and how many codes may be typed wrongly in it.
  public static let window = Interval.seconds(120)
  public static let tries = 3
  /// How long a code stands.
  public static let typing = Interval.seconds(60)
  /// How long either side waits for the other once a code was typed.
  public static let patience = Interval.seconds(15)
  /// A new `ask` is answered at most once in this time, a repeated frame at most once in that.
  static let betweenAsks = Interval.seconds(1)
  static let betweenRepeats = Interval.milliseconds(100)
  /// The register repeats a frame after this, doubled each time up to `longestRetry`.
  static let firstRetry = Interval.milliseconds(500)
  static let longestRetry = Interval.seconds(5)
  /// Codes are below this: six digits.
  public static let codes: UInt32 = 1_000_000
}

/// Why a pairing came to nothing, as `refuse` says it. Others may come.
public struct PairingRefusal: RawRepresentable, Equatable, Sendable, BitwiseCopyable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Another code was shown.
  public static var wrongCode: PairingRefusal { PairingRefusal(rawValue: 1) }
  /// The window was closed, or the code stood for too long.
  public static var closed: PairingRefusal { PairingRefusal(rawValue: 2) }
  /// The controller could not make it durable.
  public static var notStored: PairingRefusal { PairingRefusal(rawValue: 3) }
  /// So many registers are paired that no other has room.
  public static var full: PairingRefusal { PairingRefusal(rawValue: 4) }
}

/// What the controller's side has to tell.
public enum PairingEvent: Equatable, Sendable, BitwiseCopyable {
  /// Show this code, with six digits, to the person at the controller.
  case showCode(UInt32)
  /// The code is void: somebody typed another, or did not know it. So many tries are left.
  case wrongCode(triesLeft: Int)
  /// The code is void: nobody typed it in time, or the register gave up.
  case codeExpired
  /// The register knew the code and has found the same of us. To be made durable, and then to be
  /// answered by `stored` or `refuse`.
  case accepted(PairedRegister)
  /// The window is closed: time is up, tries are used up, or a register is paired.
  case closed
}

public struct PairingCounts: Equatable, Sendable {
  /// Frames whose tag was wrong.
  public var forged: UInt64 = 0
  /// Frames out of turn, of another pairing, of a wrong size, or while no window is open.
  public var stray: UInt64 = 0
  /// Frames that came too soon after the one before.
  public var tooSoon: UInt64 = 0
  /// Codes that were typed wrongly, or tried by somebody who did not know them.
  public var wrongCodes: UInt64 = 0

  public init() {}
}

/// An X25519 public key, which is no secret and may be copied.
public struct PublicKey: BitwiseCopyable, Sendable, Equatable {
  private var bytes = InlineArray<32, UInt8>(repeating: 0)

  /// Nil unless `bytes` are 32.
  public init?(_ bytes: Span<UInt8>) {
    guard bytes.count == 32 else { return nil }
    for index in 0..<32 { self.bytes[index] = bytes[index] }
  }

  public func withBytes<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try body(bytes.span)
  }

  public static func == (left: PublicKey, right: PublicKey) -> Bool {
    left.withBytes { mine in right.withBytes { mine.equals($0) } }
  }
}

/// What a register calls itself, for people: up to 16 printable ASCII characters, perhaps none.
public struct RegisterName: BitwiseCopyable, Sendable, Equatable {
  public static let capacity = 16
  private var bytes = InlineArray<16, UInt8>(repeating: 0)
  private var size: UInt8 = 0

  /// No name.
  public init() {}

  /// Nil when `text` is too long or has other characters: names stand in logs and on displays.
  public init?(_ text: Span<UInt8>) {
    guard text.count <= Self.capacity else { return nil }
    for index in text.indices {
      guard text[index] >= 0x20, text[index] <= 0x7E else { return nil }
      bytes[index] = text[index]
    }
    size = UInt8(text.count)
  }

  public func withText<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try body(bytes.span.extracting(0..<Int(size)))
  }

  public static func == (left: RegisterName, right: RegisterName) -> Bool {
    left.withText { mine in right.withText { mine.equals($0) } }
  }
}

/// A register that proved to have been shown the code.
public struct PairedRegister: BitwiseCopyable, Sendable, Equatable {
  public var key: PublicKey
  public var name: RegisterName

  public init(key: PublicKey, name: RegisterName) {
    self.key = key
    self.name = name
  }
}

enum Pairing {
  static let terms = CPace.Terms(
    channel: "tillgate pair 1", initiator: "controller", responder: "register")

  /// What the controller says before it knows the challenge, so that it cannot choose the code.
  static func commit(to secret: borrowing Key, into commitment: inout Key) {
    secret.withBytes { sha256($0, into: &commitment) }
  }

  /// The code of a handshake: both sides' randomness and both keys are in it.
  static func code(
    of hash: Span<UInt8>, secret: borrowing Key, challenge: borrowing Key
  ) -> UInt32 {
    var text = Bytes<128>()
    var digest = Key()
    defer {
      text.wipe()
      digest.wipe()
    }
    do throws(Overflow) {
      try text.append("tillgate pairing code")
      try text.append(hash)
      try secret.withBytes { (secret) throws(Overflow) in try text.append(secret) }
      try challenge.withBytes { (challenge) throws(Overflow) in try text.append(challenge) }
    } catch { preconditionFailure("21 and 3 times 32 bytes") }
    text.withBytes { sha256($0, into: &digest) }
    var number: UInt64 = 0
    for index in 0..<8 { number = number << 8 | UInt64(digest[index]) }
    return UInt32(number % UInt64(PairingLimits.codes))
  }

  /// Calls `body` with the six digits of a code below a million.
  static func withDigits<R>(of code: UInt32, _ body: (Span<UInt8>) -> R) -> R {
    var digits = InlineArray<6, UInt8>(repeating: 0x30)
    var rest = code
    for place in 0..<6 {
      digits[5 - place] = 0x30 + UInt8(rest % 10)
      rest /= 10
    }
    return body(digits.span)
  }
}

/// The randomness of one side's try.
struct PairingSecrets: ~Copyable {
  var ephemeral = KeyPair()
  /// The controller's secret, or the register's challenge.
  var nonce = Key()
  var scalar = Key()

  var isReady: Bool { ephemeral.isReady }

  /// Takes 32 random bytes, which become three values, if they are wanted, and wipes them anyway.
  mutating func take(_ seed: inout Key, isWanted: Bool) {
    defer { seed.wipe() }
    guard isWanted, seed.count == 32 else { return }
    var derived = Key()
    withLiteral("tillgate pairing ephemeral") { hmac(seed, $0, into: &derived) }
    ephemeral.load(derived)
    withLiteral("tillgate pairing nonce") { hmac(seed, $0, into: &nonce) }
    withLiteral("tillgate pairing scalar") { hmac(seed, $0, into: &scalar) }
    derived.wipe()
  }

  /// The three values themselves, for a worked example.
  mutating func take(ephemeral: borrowing Key, nonce: borrowing Key, scalar: borrowing Key) {
    self.ephemeral.load(ephemeral)
    nonce.withBytes { self.nonce.set($0) }
    scalar.withBytes { self.scalar.set($0) }
  }

  mutating func wipe() {
    ephemeral.wipe()
    nonce.wipe()
    scalar.wipe()
  }
}

/// The channel that a complete handshake made, to somebody yet unknown.
struct PairingChannel: ~Copyable {
  private var sealing = Key()
  private var opening = Key()
  /// The handshake's hash.
  private(set) var hash = Key()
  private(set) var peer = Key()

  mutating func begin(_ handshake: inout PairingHandshake, role: Session.Role) {
    handshake.withHash { hash.set($0) }
    handshake.peer.withBytes { peer.set($0) }
    switch role {
    case .register: handshake.split(into: &sealing, &opening)
    case .controller: handshake.split(into: &opening, &sealing)
    }
    handshake.wipe()
  }

  /// Makes `content` a frame: type, session, sealed body.
  borrowing func seal(
    _ type: PairingFrame, session: UInt32, _ body: Span<UInt8>, into content: inout PairingContent
  ) {
    do throws(Overflow) {
      content.removeAll()
      try content.append(type.rawValue)
      try content.append(bigEndian: session)
      var header = Bytes<5>()
      content.withBytes { header.set($0) }
      try header.withBytes { (header) throws(Overflow) in
        try Link.seal(
          body, key: sealing, counter: type.counter, associated: header, into: &content)
      }
    } catch { preconditionFailure("bodies of ours are at most 96 bytes") }
  }

  /// Opens the body of such a frame.
  borrowing func open<let capacity: Int>(
    _ content: Span<UInt8>, _ type: PairingFrame, into body: inout Bytes<capacity>
  ) -> Bool {
    guard content.count >= 5 + tagSize else { return false }
    return Link.open(
      content.extracting(5..<content.count), key: opening, counter: type.counter,
      associated: content.extracting(0..<5), into: &body)
  }

  mutating func wipe() {
    sealing.wipe()
    opening.wipe()
    hash.wipe()
    peer.wipe()
  }
}

/// The content of a pairing frame, 133 bytes at most.
typealias PairingContent = Bytes<144>
