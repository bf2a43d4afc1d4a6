// The controller's end of the register link, as the tick loop drives it: bytes and time in, events
// and frames out. Records go before chatter, one frame at a time; a record prepared for its slot
// keeps the line free for itself.

import Octets

public struct ControllerLink: ~Copyable {
  /// A record that waits for its slot.
  enum Slot {
    case free
    /// Sealed or not (there was no session), record `index` goes out next.
    case held(index: UInt64)
  }

  let origin: Origin
  private let epoch: UInt64
  private var decoder = FrameDecoder()
  var session: Session
  /// The one pairing that there can be; a line on which registers only watch shares it.
  public var pairing = ControllerPairing()
  private var line: LineClock
  var delivery: Delivery
  private var payments = PaymentMemory()
  private var chatter = Chatter()
  var slot = Slot.free
  var standing: Standing
  var recovery = Recovery()
  var returned = 0..<0
  private var preparedFrame = WireFrame()
  private var isBootDue = false
  private var following: ControllerEvent?
  var message = MessageBytes()
  var tally = LinkCounts()

  /// - Parameters:
  ///   - secret, register: the own static secret key, the register's static public key; copied.
  ///     Without a register (an empty key) or for others beside it: see `pin`.
  ///   - origin, epoch: this log of records, and the count of starts.
  ///   - byteTime: of one byte on the line, ten bit times.
  public init(
    secret: borrowing Key, register: borrowing Key, origin: Origin, epoch: UInt64,
    byteTime: Interval, now: Instant
  ) throws(KeyError) {
    session = try Session(role: .controller, secret: secret, peer: register, now: now)
    pairing.load(secret)
    self.origin = origin
    self.epoch = epoch
    standing = .apart(bootAt: now)
    line = LineClock(byteTime: byteTime, now: now)
    delivery = Delivery(first: 0, frameTime: line.frameTime)
  }

  public var counts: LinkCounts {
    var counts = tally
    counts.frames = decoder.counts
    counts.sessions = session.counts
    counts.pairings = pairing.counts
    counts.repeats = delivery.repeats
    return counts
  }

  /// Whether there is a session to send messages in.
  public var isOpen: Bool { session.isOpen }

  /// Whether register and controller agree on all records there are: payments may be taken.
  public var isReconciled: Bool { if case .agreed = standing { true } else { false } }

  /// Whether the logs contradict each other.
  public var isDiverged: Bool { if case .diverged = standing { true } else { false } }

  /// Records to be held in memory, as far as they are acknowledged or will soon be sent.
  public func wanted(end: UInt64) -> Range<UInt64> {
    guard delivery.isActive else { return end..<end }
    let ahead = UInt64(Outbox.capacity)
    return min(delivery.acknowledged, end)..<min(end, delivery.acknowledged + ahead)
  }

  /// Whether 32 random bytes are wanted. Asked once a tick, and therefore not lent (see
  /// docs/ARCHITECTURE.md, two builds).
  public var needsEphemeral: Bool {
    mutating get { session.needsEphemeral || pairing.needsSeed }
  }

  /// Takes 32 fresh random bytes and wipes them.
  public mutating func provideEphemeral(_ random: inout Key) {
    if session.needsEphemeral {
      session.provideEphemeral(&random)
    } else {
      pairing.provideSeed(&random)
    }
  }

  /// Wipes all keys; the link is good for nothing afterwards.
  public mutating func wipe() {
    session.wipe()
    pairing.wipe()
  }

  // MARK: Receiving

  /// Takes what the line delivered, from `offset` on, up to the next event. Called until it
  /// returns nil. The outbox is `inout` because lending it would copy it, here and in `nextOutput`.
  public mutating func receive(
    _ bytes: Span<UInt8>, from offset: inout Int, now: Instant, outbox: inout Outbox
  ) -> ControllerEvent? {
    if let event = following {
      following = nil
      return event
    }
    if let event = pairing.tick(now: now) { return .pairing(event) }
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      guard decoder.feed(byte) else { continue }
      if decoder.withContent({ PairingFrame.isOne($0) }) {
        if let event = decoder.withContent({ pairing.receive($0, from: .register, now: now) }) {
          return .pairing(event)
        }
        continue
      }
      let outcome = decoder.withContent { session.receive($0, now: now, into: &message) }
      guard case .message(let isFirst) = outcome else { continue }
      if isFirst { parted(now: now) }
      let event = take(now: now, outbox: outbox)
      guard isFirst else {
        if let event { return event }
        continue
      }
      following = event
      isBootDue = true
      return .sessionStarted
    }
    return nil
  }

  /// A new session: what the register has is to be heard anew.
  private mutating func parted(now: Instant) {
    delivery.suspend()
    standing = .apart(bootAt: now)
  }

  private mutating func take(
    now: Instant, outbox: borrowing Outbox
  ) -> ControllerEvent? {
    let said: RegisterMessage
    do {
      said = try message.withBytes { (bytes) throws(MessageError) in
        try RegisterMessage(decoding: bytes)
      }
    } catch {
      tally.malformed &+= 1
      refuse(type: message.withBytes { messageType(of: $0) })
      return nil
    }
    switch said {
    case .payment(let request): return take(request)
    case .abort(let reference): return .abort(reference)
    case .outcome(let report): return .outcome(report)
    case .choice(let choice): return .choice(choice)
    case .totals(let request): return .totals(request)
    case .diagnosis: return .diagnosis
    case .code(let request): return .code(request)
    case .transactionStatus(let reference): return .transactionStatus(reference)
    case .time(let milliseconds, let takesParity):
      session.note(takesParity: takesParity)
      isBootDue = true
      return milliseconds.map { .time(unixMilliseconds: $0) }
    case .acknowledgement(let acknowledgement):
      return take(acknowledgement, now: now, outbox: outbox)
    case .returnedRecord(let record): return take(record)
    case .unknown(let type):
      refuse(type: type)
      return nil
    }
  }

  /// Says that a message makes no sense here. Never in answer to an error.
  private mutating func refuse(type: UInt64) {
    guard type != MessageType.error.rawValue else { return }
    send(.error(ErrorMessage(type: type, reason: .protocolError)))
  }

  private mutating func take(_ request: PaymentRequest) -> ControllerEvent? {
    guard isReconciled || payments.isKnown(request.reference) else {
      // While it is not known what the register has, the request is left unanswered and comes
      // again: it may have overtaken an acknowledgement that was lost.
      guard isDiverged else { return nil }
      send(
        .response(
          Response(
            to: .payment, request.reference, isAccepted: false, reason: .diagnosisRequired)))
      return nil
    }
    switch payments.judge(request) {
    case .new: return .payment(request)
    case .waiting: return nil
    case .answered(let answer): send(.response(answer))
    case .conflicting:
      send(
        .response(
          Response(to: .payment, request.reference, isAccepted: false, reason: .notPossible)))
    }
    return nil
  }

  // MARK: Saying something

  /// Answers a request. A payment's answer is remembered for repeated requests.
  public mutating func answer(_ response: Response) {
    payments.note(response)
    send(.response(response))
  }

  /// Queues a message. Without a session, or when the queue is full, it is dropped and counted:
  /// whatever matters is asked for again by the register.
  public mutating func send(_ message: ControllerMessage) {
    queue { (bytes) throws(Overflow) in try message.encode(into: &bytes) }
  }

  /// The message that the event just received came in.
  public borrowing func withMessage<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try message.withBytes(body)
  }

  /// Queues the payload of a merchant-presented code, the answer to its request.
  public mutating func sendCode(_ reference: Reference, payload: Span<UInt8>) {
    queue { (bytes) throws(Overflow) in
      try Response.encode(reference, payload: payload, into: &bytes)
    }
  }

  /// Queues a copy of a record that may have been delivered before, after a transaction status.
  /// `other` is the origin of an older log, when it stands in one.
  public mutating func sendCopy(
    index: UInt64, of other: Origin? = nil, sealed: Span<UInt8>
  ) {
    let origin = other ?? self.origin
    queue { (bytes) throws(Overflow) in
      try ControllerMessage.encodeRecord(
        origin: origin, index: index, sealed: sealed, into: &bytes)
    }
  }

  private mutating func queue(_ write: (inout MessageBytes) throws(Overflow) -> Void) {
    guard session.isOpen else {
      tally.dropped &+= 1
      return
    }
    do { try chatter.push(write) } catch { tally.dropped &+= 1 }
  }

  // MARK: Sending

  /// Seals the outbox's youngest record ahead of its slot. Until `release` nothing else is sent.
  public mutating func prepare(outbox: borrowing Outbox, now: Instant) {
    precondition(outbox.next > 0, "a record is put into the outbox, then prepared")
    let index = outbox.next - 1
    slot = .held(index: index)
    if !session.writeRecord(
      index, of: origin, outbox: outbox, now: now, into: &preparedFrame)
    {
      preparedFrame.removeAll()
    }
  }

  /// At the slot: puts the prepared frame into `frame`, to be written at once. False when there is
  /// no session or older records are still to be sent; then the record follows in its turn.
  public mutating func release(now: Instant, into frame: inout WireFrame) -> Bool {
    guard case .held(let index) = slot else { return false }
    slot = .free
    guard !preparedFrame.isEmpty, session.isOpen, delivery.mayBeNext(index, end: index + 1) else {
      return false
    }
    frame.removeAll()
    do throws(Overflow) {
      try preparedFrame.withBytes { (bytes) throws(Overflow) in try frame.append(bytes) }
    } catch { preconditionFailure("both are frames") }
    delivery.note(sent: index, at: line.occupy(frame.count, now: now))
    return true
  }

  /// The slot came while the port had not taken all of an older frame: the record follows in its
  /// turn.
  public mutating func missSlot() { slot = .free }

  /// Puts the next frame to write, if one is due and the line is free, into `frame`. Called each
  /// tick, after `receive`.
  public mutating func nextOutput(
    now: Instant, outbox: inout Outbox, into frame: inout WireFrame
  ) -> Bool {
    guard case .free = slot, line.isFree(now: now) else { return false }
    if session.nextFrame(now: now, into: &frame) {
      _ = line.occupy(frame.count, now: now)
      return true
    }
    guard session.isOpen else { return writePairing(now: now, into: &frame) }
    if case .apart(let bootAt) = standing, now >= bootAt { isBootDue = true }
    if isBootDue { return writeBoot(now: now, outbox: outbox, into: &frame) }
    if case .recovering = standing, !recovery.isComplete,
      recovery.isDue(now: now, timeout: delivery.timeout)
    {
      return writeRecall(now: now, into: &frame)
    }
    if let index = delivery.due(now: now, end: outbox.next),
      session.writeRecord(index, of: origin, outbox: outbox, now: now, into: &frame)
    {
      delivery.note(sent: index, at: line.occupy(frame.count, now: now))
      return true
    }
    if writePairing(now: now, into: &frame) { return true }
    guard !chatter.isEmpty else { return false }
    let wasSealed = chatter.withFirst { session.write($0, now: now, into: &frame) }
    chatter.dropFirst()
    if wasSealed { _ = line.occupy(frame.count, now: now) }
    return wasSealed
  }

  private mutating func writePairing(now: Instant, into frame: inout WireFrame) -> Bool {
    guard pairing.nextFrame(now: now, on: .register, into: &frame) else { return false }
    _ = line.occupy(frame.count, now: now)
    return true
  }

  private mutating func writeBoot(
    now: Instant, outbox: borrowing Outbox, into frame: inout WireFrame
  ) -> Bool {
    isBootDue = false
    if case .apart = standing { standing = .apart(bootAt: now + delivery.timeout) }
    return write(.boot(boot(outbox)), now: now, into: &frame)
  }

  /// What there is to be had here.
  public borrowing func boot(_ outbox: borrowing Outbox) -> BootInfo {
    BootInfo(
      origin: origin, first: outbox.oldest, next: outbox.next, epoch: epoch,
      root: outbox.tree.root, start: outbox.start)
  }

  private mutating func writeRecall(now: Instant, into frame: inout WireFrame) -> Bool {
    write(.recall(Recall(origin: origin, index: recovery.next)), now: now, into: &frame)
  }

  private mutating func write(
    _ message: ControllerMessage, now: Instant, into frame: inout WireFrame
  ) -> Bool {
    var plain = MessageBytes()
    do { try message.encode(into: &plain) } catch {
      preconditionFailure("no message is longer than a message may be")
    }
    guard plain.withBytes({ session.write($0, now: now, into: &frame) }) else { return false }
    _ = line.occupy(frame.count, now: now)
    return true
  }

  /// All records below have left, or may leave: not the one that waits for its slot.
  public borrowing func end(of outbox: borrowing Outbox) -> UInt64 {
    switch slot {
    case .free: outbox.next
    case .held(let index): index
    }
  }
}
