// The controller's side of a pairing: it shows the code. A window is opened by a physical act or at
// the controller's own terminal; until then nothing that comes over the line does anything here.

import Octets

public struct ControllerPairing: ~Copyable {
  private struct Window {
    let closesAt: Instant
    var triesLeft: Int
  }

  /// Where the register that asked has got to. Its session is in `session`.
  private enum Step {
    /// Nobody has asked.
    case waiting
    /// `greet` was sent.
    case greeted
    /// The code stands, until then.
    case shown(until: Instant)
    /// The code was right; the register has until then to accept ours.
    case proven(until: Instant)
    /// The caller makes it durable.
    case storing(PairedRegister)
  }

  private enum Phase {
    case closed
    case open(Window, Step)
  }

  private var phase = Phase.closed
  private var own = KeyPair()
  var secrets = PairingSecrets()
  private var handshake = PairingHandshake()
  private var channel = PairingChannel()
  private var exchange = CPace()
  private var session: UInt32 = 0
  private var name = RegisterName()
  /// The frame last heeded and its answer: the same frame gets the same answer, and nothing else.
  private var heeded = PairingContent()
  private var answer = PairingContent()
  /// The line that the register which asked is on: it stays there.
  private var line = PairingLine.register
  private var isAnswerDue = false
  private var answeredAt: Instant?
  private var askedAt: Instant?
  public private(set) var counts = PairingCounts()

  public init() {}

  /// Takes the controller's static secret key, 32 bytes; the caller wipes its own. Without it no
  /// window opens.
  public mutating func load(_ secret: borrowing Key) {
    if secret.count == 32 { own.load(secret) }
  }

  public var isOpen: Bool { if case .open = phase { true } else { false } }

  /// Whether 32 random bytes are wanted.
  public var needsSeed: Bool { isOpen && !secrets.isReady }

  /// Takes 32 fresh random bytes and wipes them. Ignored when none are wanted.
  public mutating func provideSeed(_ seed: inout Key) {
    secrets.take(&seed, isWanted: needsSeed)
  }

  /// Opens a window, in place of one that is open: what is under way is void.
  public mutating func open(now: Instant) {
    guard own.isReady else { return }
    forget()
    askedAt = nil
    phase = .open(
      Window(closesAt: now + PairingLimits.window, triesLeft: PairingLimits.tries), .waiting)
  }

  /// Closes the window. A register under way is told.
  public mutating func close() -> PairingEvent? {
    guard case .open(_, let step) = phase else { return nil }
    tellIfUnderway(step)
    return end()
  }

  /// Wipes every key; the machine is good for nothing afterwards.
  public mutating func wipe() {
    forget()
    own.wipe()
    phase = .closed
  }

  /// What time alone brings about. To be called every tick.
  public mutating func tick(now: Instant) -> PairingEvent? {
    guard case .open(let window, let step) = phase else { return nil }
    switch step {
    case .waiting, .greeted:
      return now >= window.closesAt ? end() : nil
    case .shown(let until):
      if now >= window.closesAt {
        refuse(.closed)
        return end()
      }
      guard now >= until else { return nil }
      refuse(.closed)
      restart(window)
      return .codeExpired
    case .proven(let until):
      guard now >= until else { return nil }
      refuse(.closed)
      return end()
    case .storing: return nil
    }
  }

  /// The answer to `accepted`: the register is stored and gets the key of the records, 32 bytes.
  public mutating func stored(recordKey: borrowing Key) -> PairingEvent? {
    guard case .open(_, .storing) = phase, recordKey.count == 32 else { return nil }
    recordKey.withBytes { channel.seal(.finish, session: session, $0, into: &answer) }
    isAnswerDue = true
    return end()
  }

  /// The answer to `accepted`: the register could not be stored.
  public mutating func refuseStoring(_ why: PairingRefusal) -> PairingEvent? {
    guard case .open(_, .storing) = phase else { return nil }
    refuse(why)
    return end()
  }

  /// Makes `frame` the one that is due on this line; false when none is.
  public mutating func nextFrame(
    now: Instant, on line: PairingLine = .register, into frame: inout WireFrame
  ) -> Bool {
    guard isAnswerDue, line == self.line else { return false }
    isAnswerDue = false
    answeredAt = now
    answer.withBytes { frame.fill(with: $0) }
    return true
  }

  // MARK: Receiving

  /// Judges the content of one good frame of a pairing.
  public mutating func receive(
    _ content: Span<UInt8>, from line: PairingLine = .register, now: Instant
  ) -> PairingEvent? {
    if !heeded.isEmpty, line == self.line, heeded.withBytes({ $0.equals(content) }) {
      repeatAnswer(now: now)
      return nil
    }
    guard case .open(let window, let step) = phase, content.count >= 5,
      let type = PairingFrame(rawValue: content[0]), type == .ask || line == self.line
    else {
      counts.stray &+= 1
      return nil
    }
    switch (type, step) {
    case (.ask, .waiting), (.ask, .greeted): take(ask: content, window, on: line, now: now)
    case (.introduce, .greeted) where isOfSession(content):
      return take(introduction: content, window, now: now)
    case (.prove, .shown) where isOfSession(content):
      return take(proof: content, window, now: now)
    case (.accept, .proven) where isOfSession(content): return take(acceptance: content, window)
    case (.cancel, .shown) where isOfSession(content),
      (.cancel, .proven) where isOfSession(content):
      return take(cancellation: content, window)
    case (.ask, _), (.introduce, _), (.prove, _), (.accept, _), (.cancel, _), (.greet, _),
      (.share, _), (.reveal, _), (.finish, _), (.refuse, _):
      counts.stray &+= 1
    }
    return nil
  }

  private func isOfSession(_ content: Span<UInt8>) -> Bool { content.bigEndian(at: 1) == session }

  private mutating func repeatAnswer(now: Instant) {
    if answer.isEmpty { return }
    if let answeredAt, now - answeredAt < PairingLimits.betweenRepeats {
      counts.tooSoon &+= 1
      return
    }
    isAnswerDue = true
  }

  private mutating func take(
    ask content: Span<UInt8>, _ window: Window, on line: PairingLine, now: Instant
  ) {
    guard content.count == 33, secrets.isReady else {
      counts.stray &+= 1
      return
    }
    if let askedAt, now - askedAt < PairingLimits.betweenAsks {
      counts.tooSoon &+= 1
      return
    }
    if case .open(_, .greeted) = phase {
      // Somebody else, or the same after a restart: with fresh randomness, when it asks again.
      return restart(window)
    }
    askedAt = now
    self.line = line
    var commitment = Key()
    Pairing.commit(to: secrets.nonce, into: &commitment)
    let ephemeral = content.extracting(1..<33)
    session = content.bigEndian(at: 1)
    do throws(Overflow) {
      answer.removeAll()
      try answer.append(PairingFrame.greet.rawValue)
      try answer.append(bigEndian: session)
      let isUsable = try commitment.withBytes { (commitment) throws(Overflow) in
        try handshake.answer(
          ephemeral, own: own, ephemeral: secrets.ephemeral, payload: commitment, into: &answer)
      }
      guard isUsable else {
        counts.forged &+= 1
        restart(window)
        return
      }
    } catch { preconditionFailure("a greeting is 133 bytes") }
    heed(content)
    phase = .open(window, .greeted)
  }

  private mutating func take(
    introduction content: Span<UInt8>, _ window: Window, now: Instant
  ) -> PairingEvent? {
    var payload = Bytes<48>()
    var reading = PairingHandshake()
    reading.copy(handshake)
    defer { reading.wipe() }
    let message = content.extracting(5..<content.count)
    guard reading.readIntroduction(message, ephemeral: secrets.ephemeral, payload: &payload) else {
      counts.forged &+= 1
      return nil
    }
    guard payload.count >= 32,
      let name = payload.withBytes({ RegisterName($0.extracting(32..<$0.count)) })
    else {
      counts.stray &+= 1
      return nil
    }
    self.name = name
    var challenge = Key()
    payload.withBytes { challenge.set($0.extracting(0..<32)) }
    channel.begin(&reading, role: .controller)
    return show(challenge, window, content, now: now)
  }

  /// Makes the code of this handshake, and our share of the exchange over it.
  private mutating func show(
    _ challenge: borrowing Key, _ window: Window, _ content: Span<UInt8>, now: Instant
  ) -> PairingEvent? {
    let code = channel.hash.withBytes {
      Pairing.code(of: $0, secret: secrets.nonce, challenge: challenge)
    }
    let isUsable = Pairing.withDigits(of: code) { digits in
      channel.hash.withBytes {
        exchange.start(
          code: digits, terms: Pairing.terms, session: $0, random: secrets.scalar)
      }
    }
    guard isUsable else {
      restart(window)
      return nil
    }
    exchange.share.withBytes { channel.seal(.share, session: session, $0, into: &answer) }
    heed(content)
    phase = .open(window, .shown(until: now + PairingLimits.typing))
    return .showCode(code)
  }

  private mutating func take(
    proof content: Span<UInt8>, _ window: Window, now: Instant
  ) -> PairingEvent? {
    var body = Bytes<96>()
    guard channel.open(content, .prove, into: &body), body.count == 96 else {
      counts.forged &+= 1
      return nil
    }
    heed(content)
    guard judge(body) else {
      counts.wrongCodes &+= 1
      var window = window
      window.triesLeft -= 1
      refuse(.wrongCode)
      guard window.triesLeft > 0 else { return end() }
      restart(window)
      return .wrongCode(triesLeft: window.triesLeft)
    }
    var tag = LongDigest()
    exchange.tag(exchange.share, Pairing.terms.initiator, into: &tag)
    var said = Bytes<96>()
    tag.withBytes { said.set($0) }
    do throws(Overflow) {
      try secrets.nonce.withBytes { (secret) throws(Overflow) in try said.append(secret) }
    } catch { preconditionFailure("a tag and a secret are 96 bytes") }
    said.withBytes { channel.seal(.reveal, session: session, $0, into: &answer) }
    phase = .open(window, .proven(until: now + PairingLimits.patience))
    return nil
  }

  /// Whether the register's tag is that of somebody who was shown the code.
  private mutating func judge(_ body: borrowing Bytes<96>) -> Bool {
    var share = Key()
    var wanted = LongDigest()
    defer { wanted.wipe() }
    body.withBytes { share.set($0.extracting(0..<32)) }
    let isShare = channel.hash.withBytes {
      exchange.finish(isInitiator: true, peer: share, terms: Pairing.terms, session: $0)
    }
    guard isShare else { return false }
    exchange.tag(share, Pairing.terms.responder, into: &wanted)
    return body.withBytes { body in
      wanted.withBytes { $0.equalsInConstantTime(body.extracting(32..<96)) }
    }
  }

  private mutating func take(
    acceptance content: Span<UInt8>, _ window: Window
  ) -> PairingEvent? {
    var body = Bytes<0>()
    guard channel.open(content, .accept, into: &body),
      let key = channel.peer.withBytes({ PublicKey($0) })
    else {
      counts.forged &+= 1
      return nil
    }
    heed(content)
    // The answer has to wait for the caller.
    answer.removeAll()
    isAnswerDue = false
    let register = PairedRegister(key: key, name: name)
    phase = .open(window, .storing(register))
    return .accepted(register)
  }

  private mutating func take(
    cancellation content: Span<UInt8>, _ window: Window
  ) -> PairingEvent? {
    var body = Bytes<0>()
    guard channel.open(content, .cancel, into: &body) else {
      counts.forged &+= 1
      return nil
    }
    restart(window)
    return .codeExpired
  }

  // MARK: Steps

  /// Notes the frame whose answer goes out, now and each time it is repeated.
  private mutating func heed(_ content: Span<UInt8>) {
    heeded.set(content)
    isAnswerDue = true
  }

  private mutating func refuse(_ why: PairingRefusal) {
    var body = Bytes<1>()
    do throws(Overflow) { try body.append(why.rawValue) } catch {
      preconditionFailure("one byte fits")
    }
    body.withBytes { channel.seal(.refuse, session: session, $0, into: &answer) }
    isAnswerDue = true
  }

  private mutating func tellIfUnderway(_ step: Step) {
    switch step {
    case .waiting, .greeted: break
    case .shown, .proven, .storing: refuse(.closed)
    }
  }

  /// Waits for the next try. The last answer may still be asked for.
  private mutating func restart(_ window: Window) {
    wipeTry()
    phase = .open(window, .waiting)
  }

  private mutating func end() -> PairingEvent {
    wipeTry()
    phase = .closed
    return .closed
  }

  private mutating func wipeTry() {
    secrets.wipe()
    handshake.wipe()
    channel.wipe()
    exchange.wipe()
  }

  private mutating func forget() {
    wipeTry()
    heeded.wipe()
    answer.wipe()
    isAnswerDue = false
    answeredAt = nil
  }
}
