// The register's side of a pairing: it asks, somebody types the code that the controller shows, and
// it ends with the controller's key and the key of the records.

import Octets

public enum RegisterPairingEvent: Equatable, Sendable {
  /// The controller shows a code now: `type` it within a minute.
  case typeCode
  /// `withResult` has the keys. To be made durable; the next session needs them.
  case paired
  case failed(PairingFailure)
}

public enum PairingFailure: Equatable, Sendable {
  /// Nothing answers: is the controller's window open, is the line right?
  case noAnswer
  /// The code was not typed in time.
  case codeExpired
  /// The controller says so.
  case refused(PairingRefusal)
  /// Whoever is on the line does not know the code: not the controller that shows it. An alarm.
  case notTheController
}

public struct RegisterPairing: ~Copyable {
  private enum Phase {
    case idle
    /// A frame is out; it is sent again at `next` until it is answered or `until` has come.
    case asking(Retry)
    case introducing(Retry)
    /// Waiting for the code.
    case typing(until: Instant)
    case proving(Retry)
    case accepting(Retry)
    /// `withResult` has something to show.
    case paired
  }

  private struct Retry {
    var next: Instant
    var wait = PairingLimits.firstRetry
    var until: Instant

    /// Whether the frame is to be sent now; then the next time is set.
    mutating func isDue(_ now: Instant) -> Bool {
      guard now >= next else { return false }
      next = now + wait
      wait = min(Interval(nanoseconds: wait.nanoseconds * 2), PairingLimits.longestRetry)
      return true
    }
  }

  private var phase = Phase.idle
  private var own = KeyPair()
  private let name: RegisterName
  var secrets = PairingSecrets()
  private var handshake = PairingHandshake()
  private var channel = PairingChannel()
  private var exchange = CPace()
  /// The controller's commitment and share.
  private var commitment = Key()
  private var share = Key()
  private var code: UInt32 = 0
  private var recordKey = Key()
  private var pending = PairingContent()
  private var isCancelDue = false
  public private(set) var counts = PairingCounts()

  /// Takes the register's static secret key, which it keeps for ever; the caller wipes its own.
  /// `name` is what the controller's list will call it.
  public init(secret: borrowing Key, name: RegisterName) throws(KeyError) {
    guard secret.count == 32 else { throw .size }
    self.name = name
    own.load(secret)
  }

  /// Whether 32 random bytes are wanted before `start`.
  public var needsSeed: Bool { !secrets.isReady }

  /// Takes 32 fresh random bytes and wipes them. Ignored when none are wanted.
  public mutating func provideSeed(_ seed: inout Key) {
    secrets.take(&seed, isWanted: needsSeed)
  }

  /// Asks the controller, for as long as a window is open. False without randomness, or when a
  /// pairing is under way.
  public mutating func start(now: Instant) -> Bool {
    guard secrets.isReady, !isUnderway else { return false }
    do throws(Overflow) {
      pending.removeAll()
      try pending.append(PairingFrame.ask.rawValue)
      try secrets.ephemeral.point.withBytes { (point) throws(Overflow) in
        try pending.append(point)
      }
    } catch { preconditionFailure("33 bytes fit") }
    secrets.ephemeral.point.withBytes { handshake.start($0) }
    phase = .asking(Retry(next: now, until: now + PairingLimits.window))
    return true
  }

  public var isUnderway: Bool {
    switch phase {
    case .idle, .paired: false
    case .asking, .introducing, .typing, .proving, .accepting: true
    }
  }

  /// The code that somebody typed, below a million: one try. False when none is wanted.
  public mutating func type(_ code: UInt32, now: Instant) -> Bool {
    guard case .typing = phase, code < PairingLimits.codes else { return false }
    self.code = code
    let isUsable = Pairing.withDigits(of: code) { digits in
      channel.hash.withBytes { hash in
        exchange.start(code: digits, terms: Pairing.terms, session: hash, random: secrets.scalar)
          && exchange.finish(
            isInitiator: false, peer: share, terms: Pairing.terms, session: hash)
      }
    }
    guard isUsable else {
      // Once in 2^252 times, for the share was tried when it came.
      phase = .typing(until: now)
      return false
    }
    var tag = LongDigest()
    exchange.tag(exchange.share, Pairing.terms.responder, into: &tag)
    var body = Bytes<96>()
    exchange.share.withBytes { body.set($0) }
    do throws(Overflow) {
      try tag.withBytes { (tag) throws(Overflow) in try body.append(tag) }
    } catch { preconditionFailure("a share and a tag are 96 bytes") }
    body.withBytes { channel.seal(.prove, session: session, $0, into: &pending) }
    phase = .proving(patient(now))
    return true
  }

  /// Gives up. A controller that shows a code is told once.
  public mutating func cancel() {
    switch phase {
    case .idle, .paired, .asking, .introducing: break
    case .typing, .proving, .accepting:
      channel.seal(.cancel, session: session, Span(), into: &pending)
      isCancelDue = true
    }
    wipeTry()
    phase = .idle
  }

  /// The controller's static public key and the key of the records, once `paired`.
  public borrowing func withResult<R: ~Copyable>(
    _ body: (_ controller: Span<UInt8>, _ recordKey: Span<UInt8>) -> R
  ) -> R? {
    guard case .paired = phase else { return nil }
    return channel.peer.withBytes { peer in recordKey.withBytes { body(peer, $0) } }
  }

  /// Wipes every key; the machine is good for nothing afterwards.
  public mutating func wipe() {
    wipeTry()
    own.wipe()
    pending.wipe()
    phase = .idle
  }

  private mutating func wipeTry() {
    secrets.wipe()
    handshake.wipe()
    channel.wipe()
    exchange.wipe()
    commitment.wipe()
    share.wipe()
    recordKey.wipe()
    code = 0
  }

  // MARK: Sending

  /// Makes `frame` the one that is due; false when none is.
  public mutating func nextFrame(now: Instant, into frame: inout WireFrame) -> Bool {
    if isCancelDue {
      isCancelDue = false
      pending.withBytes { frame.fill(with: $0) }
      return true
    }
    switch phase {
    case .idle, .typing, .paired: return false
    case .asking(var retry):
      guard retry.isDue(now) else { return false }
      phase = .asking(retry)
    case .introducing(var retry):
      guard retry.isDue(now) else { return false }
      phase = .introducing(retry)
    case .proving(var retry):
      guard retry.isDue(now) else { return false }
      phase = .proving(retry)
    case .accepting(var retry):
      guard retry.isDue(now) else { return false }
      phase = .accepting(retry)
    }
    pending.withBytes { frame.fill(with: $0) }
    return true
  }

  /// When `nextFrame` or `tick` has something to do next.
  public borrowing func nextDeadline(now: Instant) -> Instant {
    if isCancelDue { return now }
    return switch phase {
    case .idle, .paired: .distantFuture
    case .asking(let retry), .introducing(let retry), .proving(let retry), .accepting(let retry):
      min(retry.next, retry.until)
    case .typing(let until): until
    }
  }

  /// What time alone brings about. To be called as often as `nextFrame`.
  public mutating func tick(now: Instant) -> RegisterPairingEvent? {
    switch phase {
    case .idle, .paired: return nil
    case .asking(let retry), .introducing(let retry), .proving(let retry), .accepting(let retry):
      return now >= retry.until ? fail(.noAnswer) : nil
    case .typing(let until):
      guard now >= until else { return nil }
      cancel()
      return .failed(.codeExpired)
    }
  }

  private func patient(_ now: Instant) -> Retry {
    Retry(next: now, until: now + PairingLimits.patience)
  }

  private mutating func fail(_ why: PairingFailure) -> RegisterPairingEvent {
    wipeTry()
    phase = .idle
    return .failed(why)
  }

  // MARK: Receiving

  private var session: UInt32 { pending.withBytes { $0.bigEndian(at: 1) } }

  /// Judges the content of one good frame. What belongs to no pairing is passed over.
  public mutating func receive(_ content: Span<UInt8>, now: Instant) -> RegisterPairingEvent? {
    guard PairingFrame.isOne(content) else { return nil }
    guard isUnderway, content.count >= 5, let type = PairingFrame(rawValue: content[0]),
      content.bigEndian(at: 1) == session
    else {
      counts.stray &+= 1
      return nil
    }
    switch (type, phase) {
    case (.greet, .asking): take(greeting: content, now: now)
    case (.share, .introducing): return take(share: content, now: now)
    case (.reveal, .proving): return take(secret: content, now: now)
    case (.finish, .accepting): return take(end: content)
    case (.refuse, .introducing), (.refuse, .typing), (.refuse, .proving), (.refuse, .accepting):
      return take(refusal: content)
    default: counts.stray &+= 1
    }
    return nil
  }

  private mutating func take(greeting content: Span<UInt8>, now: Instant) {
    var reading = PairingHandshake()
    reading.copy(handshake)
    defer { reading.wipe() }
    let message = content.extracting(5..<content.count)
    commitment.removeAll()
    guard
      reading.readAnswer(message, ephemeral: secrets.ephemeral, payload: &commitment),
      commitment.count == 32
    else {
      counts.forged &+= 1
      return
    }
    var payload = Bytes<48>()
    secrets.nonce.withBytes { payload.set($0) }
    let session = session
    do throws(Overflow) {
      try name.withText { (name) throws(Overflow) in try payload.append(name) }
      pending.removeAll()
      try pending.append(PairingFrame.introduce.rawValue)
      try pending.append(bigEndian: session)
      let isUsable = try payload.withBytes { (payload) throws(Overflow) in
        try reading.introduce(own: own, payload: payload, into: &pending)
      }
      precondition(isUsable, "their ephemeral key was tried when the greeting was read")
    } catch { preconditionFailure("an introduction is 117 bytes at most") }
    channel.begin(&reading, role: .register)
    phase = .introducing(patient(now))
  }

  private mutating func take(share content: Span<UInt8>, now: Instant) -> RegisterPairingEvent? {
    share.removeAll()
    guard channel.open(content, .share, into: &share), share.count == 32 else {
      counts.forged &+= 1
      return nil
    }
    var trial = Key()
    defer { trial.wipe() }
    guard ristretto(secrets.scalar, share, into: &trial) else { return fail(.notTheController) }
    phase = .typing(until: now + PairingLimits.typing)
    return .typeCode
  }

  /// The controller has to know the code, and to have chosen its part of it before it knew ours.
  private mutating func take(secret content: Span<UInt8>, now: Instant) -> RegisterPairingEvent? {
    var body = Bytes<96>()
    guard channel.open(content, .reveal, into: &body), body.count == 96 else {
      counts.forged &+= 1
      return nil
    }
    guard judge(body) else {
      counts.wrongCodes &+= 1
      return fail(.notTheController)
    }
    channel.seal(.accept, session: session, Span(), into: &pending)
    phase = .accepting(patient(now))
    return nil
  }

  private mutating func judge(_ body: borrowing Bytes<96>) -> Bool {
    var secret = Key()
    var digest = Key()
    var wanted = LongDigest()
    defer {
      secret.wipe()
      wanted.wipe()
    }
    exchange.tag(share, Pairing.terms.initiator, into: &wanted)
    body.withBytes { secret.set($0.extracting(64..<96)) }
    Pairing.commit(to: secret, into: &digest)
    let knowsCode = body.withBytes { body in
      wanted.withBytes { $0.equalsInConstantTime(body.extracting(0..<64)) }
    }
    let keptCommitment = commitment.withBytes { committed in
      digest.withBytes { $0.equalsInConstantTime(committed) }
    }
    let ownCode = channel.hash.withBytes {
      Pairing.code(of: $0, secret: secret, challenge: secrets.nonce)
    }
    return knowsCode && keptCommitment && ownCode == code
  }

  private mutating func take(end content: Span<UInt8>) -> RegisterPairingEvent? {
    recordKey.removeAll()
    guard channel.open(content, .finish, into: &recordKey), recordKey.count == 32 else {
      counts.forged &+= 1
      return nil
    }
    secrets.wipe()
    exchange.wipe()
    phase = .paired
    return .paired
  }

  private mutating func take(refusal content: Span<UInt8>) -> RegisterPairingEvent? {
    var body = Bytes<1>()
    guard channel.open(content, .refuse, into: &body), body.count == 1 else {
      counts.forged &+= 1
      return nil
    }
    return fail(.refused(PairingRefusal(rawValue: body[0])))
  }
}
