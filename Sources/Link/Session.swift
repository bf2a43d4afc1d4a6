// The secure channel between a register (initiator) and a controller (responder): handshakes, keys,
// replay protection. Both static keys are pinned; the bytes of a frame are judged here and nowhere
// else. A frame that is not authentic changes a counter and nothing more; a replayed handshake
// request, which is authentic, costs one answer a second at most and ends no session.

import Octets

public struct Session: ~Copyable {
  public enum Role: Sendable {
    case register
    case controller
  }

  /// What the handshake is at.
  private enum Phase {
    /// Nothing to send.
    case idle
    /// Register: a request is out; it is sent again at `next`.
    case asking(next: Instant, wait: Interval)
    /// Controller: an answer is ready to be sent.
    case answering
  }

  private let role: Role
  private var own = KeyPair()
  private var peers = Peers()
  /// The ephemeral key of the handshake to come (or, at the register, under way).
  private var ephemeral = KeyPair()
  private var handshake = Handshake()
  private var phase = Phase.idle
  /// The handshake frame that is sent, and sent again when asked for or not answered.
  private var pending = Bytes<53>()
  var channels = InlineArray<2, Channel> { _ in Channel() }
  /// The channel messages are sealed under. The other one holds, at the controller, the new
  /// session until the register proves it; at the register, the old one until the new is proven.
  private var active = 0
  private var answeredAt: Instant?
  private var repeatedAt: Instant?
  private var hintedAt: Instant?
  private var isHinted = false
  private var helloAt: Instant
  public private(set) var counts = SessionCounts()

  /// Takes the own static secret key and the peer's static public key. Both are copied; the caller
  /// wipes its own. A controller's peers may all come later, by `pin`: then `peer` is empty.
  public init(
    role: Role, secret: borrowing Key, peer: borrowing Key, now: Instant
  ) throws(KeyError) {
    self.role = role
    helloAt = now
    guard secret.count == 32 else { throw .size }
    own.load(secret)
    if role == .controller && peer.isEmpty { return }
    do throws(KeyError) { try peers.add(peer, own: own) } catch {
      own.wipe()
      throw error
    }
  }

  /// Talks with the owner of this static public key from now on: the register with this one alone,
  /// a controller with at most `SessionLimits.peers`. Again is the same as once.
  mutating func pin(_ peer: PublicKey) throws(KeyError) {
    var key = Key()
    peer.withBytes { key.set($0) }
    try peers.add(key, own: own)
  }

  /// Talks with the owner of this key no more: its session ends at once.
  mutating func unpin(_ peer: PublicKey) {
    guard let index = peer.withBytes({ peers.index(of: $0) }) else { return }
    peers.remove(index)
    for slot in 0..<2 where channels[slot].isOpen && channels[slot].peer == index {
      channels[slot].wipe()
    }
    if case .answering = phase { phase = .idle }
  }

  /// Whether 32 random bytes are wanted for the next handshake.
  public var needsEphemeral: Bool { !ephemeral.isReady }

  /// Takes 32 fresh random bytes and wipes them. Ignored when none are wanted.
  public mutating func provideEphemeral(_ random: inout Key) {
    if needsEphemeral, random.count == 32 { ephemeral.load(random) }
    random.wipe()
    // Once in four billion keys: the controller would take the request for a replay.
    for slot in 0..<2 where ephemeral.isReady && channels[slot].isOpen {
      if ephemeral.session == channels[slot].session { ephemeral.wipe() }
    }
  }

  /// Whether messages can be sealed.
  public var isOpen: Bool { channels[active].isOpen }

  /// Wipes every key. The session is good for nothing afterwards.
  public mutating func wipe() {
    own.wipe()
    peers.wipe()
    ephemeral.wipe()
    handshake.wipe()
    channels[0].wipe()
    channels[1].wipe()
    phase = .idle
  }

  // MARK: Sending

  /// Seals `message` as a frame; false when there is no session. Throws when it is too long.
  public mutating func seal(
    _ message: Span<UInt8>, now: Instant, into frame: inout WireFrame
  ) throws(Overflow) -> Bool {
    retire(now: now)
    guard channels[active].isOpen else { return false }
    var content = FrameContent()
    try channels[active].seal(message, into: &content)
    try content.withBytes { (bytes) throws(Overflow) in try encodeFrame(bytes, into: &frame) }
    if channels[active].takesParity, frame.count >= LinkLimits.protected { protect(&frame) }
    return true
  }

  /// Notes whether the other side, in this session, takes frames with parity.
  mutating func note(takesParity: Bool) { channels[active].takesParity = takesParity }

  /// Makes `frame` the handshake frame or hello that is due; false when none is.
  public mutating func nextFrame(now: Instant, into frame: inout WireFrame) -> Bool {
    retire(now: now)
    switch role {
    case .register: return nextRequest(now: now, into: &frame)
    case .controller: return nextAnswer(now: now, into: &frame)
    }
  }

  private mutating func nextRequest(now: Instant, into frame: inout WireFrame) -> Bool {
    if case .idle = phase, wantsHandshake(now: now) { ask(now: now) }
    guard case .asking(let next, let wait) = phase, now >= next else { return false }
    let longer = Interval(nanoseconds: wait.nanoseconds * 2)
    phase = .asking(next: now + wait, wait: min(longer, SessionLimits.longestRetry))
    pending.withBytes { frame.fill(with: $0) }
    return true
  }

  private mutating func nextAnswer(now: Instant, into frame: inout WireFrame) -> Bool {
    if case .answering = phase {
      phase = .idle
      pending.withBytes { frame.fill(with: $0) }
      return true
    }
    guard !isOpen, now >= helloAt else { return false }
    helloAt = now + SessionLimits.betweenHellos
    withLiteral("\u{1}\u{1}") { frame.fill(with: $0) }
    return true
  }

  private mutating func retire(now: Instant) {
    for slot in 0..<2 where channels[slot].isOpen && channels[slot].isSpent(now: now) {
      channels[slot].wipe()
    }
  }

  // MARK: The register's handshake

  /// When `nextFrame` is to be asked next: for a request, its repetition or the end of the keys.
  /// Random bytes are taken to be there when they are wanted.
  public borrowing func nextDeadline(now: Instant) -> Instant {
    switch phase {
    case .asking(let next, _): next
    case .answering: now
    case .idle where !isOpen || isHinted: now
    case .idle: channels[active].nextDeadline(now: now)
    }
  }

  private borrowing func wantsHandshake(now: Instant) -> Bool {
    guard ephemeral.isReady, peers.isPinned(0) else { return false }
    guard isOpen, !isHinted, !channels[active].isWorn(now: now) else { return true }
    return !channels[active].isProven && now - channels[active].opened >= SessionLimits.proof
  }

  private mutating func ask(now: Instant) {
    isHinted = false
    withLiteral(sessionPrologue) {
      handshake.start(prologue: $0, initiator: own.point, responder: peers[0].point)
    }
    pending.removeAll()
    do {
      try pending.append(FrameType.request.rawValue)
      let isUsable = try handshake.writeRequest(
        own: own, ephemeral: ephemeral, peer: peers[0].point, into: &pending)
      precondition(isUsable, "the peer's key was tried at the start")
    } catch { preconditionFailure("a request is 49 bytes") }
    phase = .asking(next: now, wait: SessionLimits.firstRetry)
  }

  private mutating func take(hello: Span<UInt8>, now: Instant) {
    guard hello.count == 2, hello[1] == linkVersion else {
      counts.stray &+= 1
      return
    }
    if let hintedAt, now - hintedAt < SessionLimits.betweenHints {
      counts.tooSoon &+= 1
      return
    }
    hintedAt = now
    switch phase {
    case .asking: phase = .asking(next: now, wait: SessionLimits.firstRetry)
    case .idle, .answering: isHinted = true
    }
  }

  private mutating func take(answer: Span<UInt8>, now: Instant) -> SessionEvent {
    guard case .asking = phase, answer.count == 5 + Handshake.messageSize,
      answer.bigEndian(at: 1) == ephemeral.session
    else {
      counts.stray &+= 1
      return .nothing
    }
    var reading = Handshake()
    reading.copy(handshake)
    defer { reading.wipe() }
    let message = answer.extracting(5..<answer.count)
    guard reading.readAnswer(message, own: own, ephemeral: ephemeral) else {
      counts.forged &+= 1
      return .nothing
    }
    // The old session is kept until the new one is heard, unless it was never heard itself.
    if channels[active].isOpen && channels[active].isProven { active = 1 - active }
    channels[active].begin(
      &reading, role: role, session: ephemeral.session, peer: 0, now: now)
    handshake.wipe()
    ephemeral.wipe()
    phase = .idle
    isHinted = false
    counts.sessions &+= 1
    return .established
  }

  // MARK: The controller's handshake

  private mutating func take(request: Span<UInt8>, now: Instant) {
    guard request.count == 1 + Handshake.messageSize else {
      counts.stray &+= 1
      return
    }
    let session = request.bigEndian(at: 1)
    if isOpen && session == channels[active].session {
      counts.replayed &+= 1
    } else if channels[1 - active].isOpen && session == channels[1 - active].session {
      repeatAnswer(now: now)
    } else if let answeredAt, now - answeredAt < SessionLimits.betweenAnswers {
      counts.tooSoon &+= 1
    } else if ephemeral.isReady {
      answer(request.extracting(1..<request.count), session: session, now: now)
    }
  }

  private mutating func repeatAnswer(now: Instant) {
    if let repeatedAt, now - repeatedAt < SessionLimits.betweenRepeats {
      counts.tooSoon &+= 1
      return
    }
    repeatedAt = now
    phase = .answering
  }

  private mutating func answer(_ request: Span<UInt8>, session: UInt32, now: Instant) {
    answeredAt = now
    var remote = Key()
    remote.set(request.extracting(0..<32))
    defer { handshake.wipe() }
    guard let peer = readRequest(request, remote) else {
      counts.forged &+= 1
      return
    }
    pending.removeAll()
    do {
      try pending.append(FrameType.answer.rawValue)
      try pending.append(bigEndian: session)
      let isUsable = try handshake.writeAnswer(
        ephemeral: ephemeral, remote: remote, peer: peers[peer].point, into: &pending)
      precondition(isUsable, "both points were tried before")
    } catch { preconditionFailure("an answer is 53 bytes") }
    ephemeral.wipe()
    channels[1 - active].begin(
      &handshake, role: role, session: session, peer: peer, now: now)
    phase = .answering
  }

  /// The peer whose request this is, tried against each key that is pinned.
  private mutating func readRequest(_ request: Span<UInt8>, _ remote: borrowing Key) -> Int? {
    var shared = Key()
    defer { shared.wipe() }
    guard x25519(own.secret, remote, into: &shared) else { return nil }
    for index in 0..<SessionLimits.peers where peers.isPinned(index) {
      withLiteral(sessionPrologue) {
        handshake.start(prologue: $0, initiator: peers[index].point, responder: own.point)
      }
      let isTheirs = handshake.readRequest(
        request, ephemeralShared: shared, staticShared: peers[index].shared)
      if isTheirs { return index }
    }
    return nil
  }

  // MARK: Receiving

  /// Judges the content of one good frame. A message is put into `message`.
  public mutating func receive(
    _ content: Span<UInt8>, now: Instant, into message: inout Bytes<602>
  ) -> SessionEvent {
    retire(now: now)
    guard content.count > 0 else { return .nothing }
    switch (FrameType(rawValue: content[0]), role) {
    case (.hello, .register): take(hello: content, now: now)
    case (.answer, .register): return take(answer: content, now: now)
    case (.request, .controller): take(request: content, now: now)
    case (.transport, _): return take(transport: content, into: &message)
    case (nil, _), (.hello, .controller), (.answer, .controller), (.request, .register):
      counts.stray &+= 1
    }
    return .nothing
  }

  private mutating func take(
    transport content: Span<UInt8>, into message: inout Bytes<602>
  ) -> SessionEvent {
    guard content.count >= Channel.headerSize + tagSize else {
      counts.stray &+= 1
      return .nothing
    }
    let session = content.bigEndian(at: 1)
    let counter = UInt64(content.bigEndian(at: 5)) << 32 | UInt64(content.bigEndian(at: 9))
    for slot in 0..<2 where channels[slot].isOpen && channels[slot].session == session {
      let isFirst = slot == active ? false : role == .controller
      let wasProven = channels[slot].isProven
      switch channels[slot].open(content, counter: counter, into: &message) {
      case .genuine: break
      case .replayed:
        counts.replayed &+= 1
        return .nothing
      case .forged:
        counts.forged &+= 1
        return .nothing
      }
      return settle(slot, isFirst: isFirst || (role == .register && slot == active && !wasProven))
    }
    counts.unknownSession &+= 1
    return .nothing
  }

  /// The first authentic frame of a new session ends the old one, here and nowhere else.
  private mutating func settle(_ slot: Int, isFirst: Bool) -> SessionEvent {
    guard isFirst else { return .message(isFirst: false) }
    channels[1 - slot].wipe()
    active = slot
    if role == .controller { counts.sessions &+= 1 }
    return .message(isFirst: true)
  }
}

extension KeyPair {
  /// The session that this ephemeral key of the register's names: its first four bytes.
  fileprivate var session: UInt32 { point.withBytes { $0.bigEndian(at: 0) } }
}

extension Bytes<640> {
  /// Becomes the frame of a handshake's or a pairing's message.
  mutating func fill(with content: Span<UInt8>) {
    do { try encodeFrame(content, into: &self) } catch {
      preconditionFailure("handshake frames fit any frame")
    }
  }
}
