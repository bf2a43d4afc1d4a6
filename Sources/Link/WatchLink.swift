// The controller's end of a second line, on which a paired register only watches: it is told what
// happens and gets each record once, and nothing that it says changes anything here.

import Octets

public enum WatchEvent: Equatable, Sendable {
  /// To be answered by `send(.boot)`. What else came in the session's first message comes again.
  case sessionStarted
  /// To be answered by `send(.boot)`.
  case time
  /// To be answered by `send(.totals)`.
  case totals
  /// To be answered by `send(.diagnosis)`.
  case diagnosis
  /// Something about a pairing that goes over this line: see ControllerPairing.
  case pairing(PairingEvent)
}

public struct WatchLink: ~Copyable {
  private let origin: Origin
  private var decoder = FrameDecoder()
  private var session: Session
  private var line: LineClock
  private var chatter = Chatter()
  private var message = MessageBytes()
  /// The next record to tell of: those of before the session are the other register's affair.
  private var next: UInt64 = 0
  private var tally = LinkCounts()

  /// - Parameters:
  ///   - secret: the own static secret key, 32 bytes; copied. Registers come by `pin`.
  ///   - origin: of this log of records.
  ///   - byteTime: of one byte on the line, ten bit times.
  public init(
    secret: borrowing Key, origin: Origin, byteTime: Interval, now: Instant
  ) throws(KeyError) {
    session = try Session(role: .controller, secret: secret, peer: Key(), now: now)
    self.origin = origin
    line = LineClock(byteTime: byteTime, now: now)
  }

  public var counts: LinkCounts {
    var counts = tally
    counts.frames = decoder.counts
    counts.sessions = session.counts
    return counts
  }

  public var isOpen: Bool { session.isOpen }

  /// Lets the register of this static public key watch, one of `SessionLimits.peers` at most.
  public mutating func pin(_ register: PublicKey) throws(KeyError) {
    try session.pin(register)
  }

  public mutating func unpin(_ register: PublicKey) {
    session.unpin(register)
  }

  /// Whether 32 random bytes are wanted. Asked once a tick.
  public var needsEphemeral: Bool { session.needsEphemeral }

  /// Takes 32 fresh random bytes and wipes them.
  public mutating func provideEphemeral(_ random: inout Key) {
    session.provideEphemeral(&random)
  }

  /// Wipes all keys; the link is good for nothing afterwards.
  public mutating func wipe() { session.wipe() }

  // MARK: Receiving

  /// Takes what the line delivered, from `offset` on, up to the next event. Called until it returns
  /// nil. `pairing` is the controller's one, which both lines share.
  public mutating func receive(
    _ bytes: Span<UInt8>, from offset: inout Int, now: Instant, end: UInt64,
    pairing: inout ControllerPairing
  ) -> WatchEvent? {
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      guard decoder.feed(byte) else { continue }
      if decoder.withContent({ PairingFrame.isOne($0) }) {
        let event = decoder.withContent { pairing.receive($0, from: .watcher, now: now) }
        if let event { return .pairing(event) }
        continue
      }
      let outcome = decoder.withContent { session.receive($0, now: now, into: &message) }
      guard case .message(let isFirst) = outcome else { continue }
      let event = take()
      if isFirst {
        next = end
        return .sessionStarted
      }
      if let event { return event }
    }
    return nil
  }

  private mutating func take() -> WatchEvent? {
    let said: RegisterMessage
    do {
      said = try message.withBytes { (bytes) throws(MessageError) in
        try RegisterMessage(decoding: bytes)
      }
    } catch {
      tally.malformed &+= 1
      refuse(message.withBytes { messageType(of: $0) }, .protocolError)
      return nil
    }
    switch said {
    case .payment(let request): refuse(.payment, request.reference)
    case .abort(let reference): refuse(.abort, reference)
    case .outcome(let report): refuse(.outcome, report.reference)
    case .choice(let choice): refuse(.choice, choice.reference)
    case .code(let request): refuse(.code, request.reference)
    case .totals(let request):
      if request.closing == nil { return .totals }
      refuse(MessageType.totalsRequest.rawValue, .watchesOnly)
    case .diagnosis: return .diagnosis
    case .transactionStatus: refuse(MessageType.transactionStatus.rawValue, .watchesOnly)
    case .time(_, let takesParity):
      session.note(takesParity: takesParity)
      return .time
    // Nobody asked for one: what is acknowledged is what the other register holds.
    case .acknowledgement, .returnedRecord: break
    case .unknown(let type): refuse(type, .protocolError)
    }
    return nil
  }

  private mutating func refuse(_ request: MessageType, _ reference: Reference) {
    send(
      .response(Response(to: request, reference, isAccepted: false, reason: .watchesOnly)))
  }

  /// Never in answer to an error.
  private mutating func refuse(_ type: UInt64, _ reason: Reason) {
    guard type != MessageType.error.rawValue else { return }
    send(.error(ErrorMessage(type: type, reason: reason)))
  }

  // MARK: Sending

  /// Queues a message. Without a session, or when the queue is full, it is dropped and counted.
  public mutating func send(_ message: ControllerMessage) {
    guard session.isOpen else { return }
    do {
      try chatter.push { (bytes) throws(Overflow) in try message.encode(into: &bytes) }
    } catch { tally.dropped &+= 1 }
  }

  /// Puts the next frame to write, if one is due and the line is free, into `frame`. Called each
  /// tick, after `receive`. Records below `end` may be told of.
  public mutating func nextOutput(
    now: Instant, outbox: borrowing Outbox, end: UInt64, pairing: inout ControllerPairing,
    into frame: inout WireFrame
  ) -> Bool {
    guard line.isFree(now: now),
      write(now: now, outbox: outbox, end: end, pairing: &pairing, into: &frame)
    else { return false }
    _ = line.occupy(frame.count, now: now)
    return true
  }

  private mutating func write(
    now: Instant, outbox: borrowing Outbox, end: UInt64, pairing: inout ControllerPairing,
    into frame: inout WireFrame
  ) -> Bool {
    if session.nextFrame(now: now, into: &frame) { return true }
    if pairing.nextFrame(now: now, on: .watcher, into: &frame) { return true }
    guard session.isOpen else { return false }
    if next < end {
      let index = next
      next += 1
      // One that is in memory no more was acknowledged before this line had time for it.
      if session.writeRecord(index, of: origin, outbox: outbox, now: now, into: &frame) {
        return true
      }
      tally.dropped &+= 1
    }
    guard !chatter.isEmpty else { return false }
    let wasSealed = chatter.withFirst { session.write($0, now: now, into: &frame) }
    chatter.dropFirst()
    return wasSealed
  }
}
