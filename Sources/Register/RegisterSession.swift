// The register's end of the link, for register developers: bytes and time in, events and frames
// out. It repeats requests until they are answered, takes every record once and in order, and
// acknowledges what the register has stored.

import Link
import Octets

public enum RegisterEvent: Equatable, Sendable {
  /// A session is up. Comes again when the controller restarted or was asked for the time.
  case linkUp(BootInfo, Standing)
  case response(Response)
  case event(Event)
  /// The next record; `withRecord` shows it until the next call. Store it, then `acknowledge`.
  case record(index: UInt64)
  /// A record asked for by `queryStatus` that was taken before.
  case recordCopy(index: UInt64)
  /// The controller lost record `index`: give it back with `sendBack`. Comes again until then.
  case recall(index: UInt64)
  /// The controller's records, now as many as the register's, are not the same. An alarm.
  case forked
  case status(TransactionStatus)
  case totals(Totals)
  case diagnosis(Diagnosis)
  /// The controller did not understand us.
  case error(ErrorMessage)
}

public struct RegisterSession: ~Copyable {
  private var decoder = RepairingDecoder()
  private var session: Session
  private var line: LineClock
  private var roundTrip: RoundTrip
  private var message = MessageBytes()
  private var shown = 0..<0
  private var shelf: RecordShelf
  private var isAcknowledgementDue = false
  /// Whether the controller has heard in this session what the register holds: payments wait.
  private var hasAcknowledged = false
  private var returning = MessageBytes()
  private var hasSaidForked = false
  var clock: (unixMilliseconds: UInt64, at: Instant)?
  /// Whether the controller is asked, at the start of a session, to add parity to long frames.
  public var takesParity = true
  var time = Request()
  var payment = Request()
  var abort = Request()
  var status = Request()
  var outcome = Request()
  var choice = Request()
  var totals = Request()
  var diagnosis = Request()
  var code = Request()
  /// The template of the code that is asked for.
  var template = Bytes<512>()
  /// The period that is asked to be closed.
  var closing: PeriodName?
  private var tally = RegisterCounts()

  /// - Parameters:
  ///   - secret, controller: the own static secret key, the controller's static public key; copied.
  ///   - held: the records the register has; nil when it never had one.
  ///   - byteTime: of one byte on the line, ten bit times.
  public init(
    secret: borrowing Key, controller: borrowing Key, held: RecordsHeld?, byteTime: Interval,
    now: Instant
  ) throws(KeyError) {
    session = try Session(role: .register, secret: secret, peer: controller, now: now)
    line = LineClock(byteTime: byteTime, now: now)
    roundTrip = RoundTrip(frameTime: line.frameTime)
    shelf = RecordShelf(held)
  }

  public var counts: RegisterCounts {
    var counts = tally
    counts.frames = decoder.counts
    counts.sessions = session.counts
    return counts
  }

  /// The records the register has stored, as far as it said so.
  public var held: RecordsHeld? { shelf.held }

  /// Whether there is a session.
  public var isOpen: Bool { session.isOpen }

  /// Whether 32 random bytes are wanted. Asked before each `nextOutput`.
  public var needsEphemeral: Bool { session.needsEphemeral }

  /// Takes 32 fresh random bytes and wipes them.
  public mutating func provideEphemeral(_ random: inout Key) {
    session.provideEphemeral(&random)
  }

  /// Wipes all keys; the session is good for nothing afterwards.
  public mutating func wipe() { session.wipe() }

  // MARK: Records

  /// Says that record `index`, the one the last `record` event named, is safely stored. False, and
  /// nothing is said, when no such record waits for it.
  @discardableResult
  public mutating func acknowledge(_ index: UInt64) -> Bool {
    guard shelf.store(index) else { return false }
    isAcknowledgementDue = true
    return true
  }

  /// Takes a record that was stored earlier, the next one after `held`: for a register that keeps
  /// the records and no tree. Before the first frame only.
  public mutating func restore(_ sealed: Span<UInt8>) -> Bool {
    !isOpen && sealed.count <= LinkLimits.record && shelf.restore(sealed)
  }

  /// Gives record `index` back to the controller, which lost it (`recall`).
  public mutating func sendBack(_ index: UInt64, sealed: Span<UInt8>) {
    guard let held = shelf.held else { return }
    returning.removeAll()
    do {
      try RegisterMessage.encodeReturnedRecord(
        origin: held.origin, index: index, sealed: sealed, into: &returning)
    } catch { returning.removeAll() }
  }

  /// The sealed bytes of the record that the event just received named.
  public borrowing func withRecord<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try message.withBytes { (bytes) throws(E) in try body(bytes.extracting(shown)) }
  }

  /// The payload of the code whose response was just received: UTF-8, for a screen to show.
  public borrowing func withPayload<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try withRecord(body)
  }

  /// The message that the event just received came in, as docs/PROTOCOL.md section 5 has it.
  public borrowing func withMessage<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try message.withBytes(body)
  }

  // MARK: Receiving

  /// Takes what the line delivered, from `offset` on, up to the next event. Called until it
  /// returns nil.
  public mutating func receive(
    _ bytes: Span<UInt8>, from offset: inout Int, now: Instant
  ) -> RegisterEvent? {
    shown = 0..<0
    if let event = nextEarly() { return event }
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      guard decoder.feed(byte) else { continue }
      switch decoder.withContent({ session.receive($0, now: now, into: &message) }) {
      case .nothing: break
      case .established: greet()
      case .message:
        if let event = takeMessage(now: now) { return event }
      }
    }
    return nil
  }

  /// What became takeable by the record before.
  private mutating func nextEarly() -> RegisterEvent? {
    if shelf.isForked, !hasSaidForked {
      hasSaidForked = true
      return .forked
    }
    let index = shelf.expected
    guard let place = shelf.takeEarly(into: &message) else { return nil }
    shown = place
    isAcknowledgementDue = true
    if status.awaits(shelf.held?.origin, index) { status.end() }
    return .record(index: index)
  }

  /// The first frame of a new session proves it to the controller: the time, which it answers with
  /// its boot information. Everything unanswered is asked again.
  private mutating func greet() {
    time.begin(.time(unixMilliseconds: nil), reference: nil)
    hasAcknowledged = false
    payment.renew()
    abort.renew()
    status.renew()
    outcome.renew()
    choice.renew()
    totals.renew()
    diagnosis.renew()
    code.renew()
  }

  private mutating func takeMessage(now: Instant) -> RegisterEvent? {
    let said: ControllerMessage
    do {
      said = try message.withBytes { (bytes) throws(MessageError) in
        try ControllerMessage(decoding: bytes)
      }
    } catch {
      tally.malformed &+= 1
      return nil
    }
    switch said {
    case .boot(let info):
      time.answered(&roundTrip, now: now)
      isAcknowledgementDue = true
      let standing = shelf.align(with: info)
      hasSaidForked = standing == .forked
      return .linkUp(info, standing)
    case .response(let response): return take(response, now: now)
    case .event(let event): return .event(event)
    case .record(let record): return take(record)
    case .transactionStatus(let answer): return take(answer, now: now)
    case .totals(let answer): return take(answer, now: now)
    case .diagnosis(let answer):
      guard diagnosis.isPending else { return nil }
      diagnosis.answered(&roundTrip, now: now)
      return .diagnosis(answer)
    case .recall(let recall):
      guard let mine = shelf.held, mine.origin == recall.origin, recall.index < mine.size else {
        return nil
      }
      return .recall(index: recall.index)
    case .error(let error):
      stop(asking: error.type)
      return .error(error)
    case .unknown:
      tally.malformed &+= 1
      return nil
    }
  }

  private mutating func take(_ response: Response, now: Instant) -> RegisterEvent? {
    let wasPending =
      switch response.request {
      case .payment: payment.take(response, &roundTrip, now: now)
      case .outcome: outcome.take(response, &roundTrip, now: now)
      case .choice: choice.take(response, &roundTrip, now: now)
      case .code: code.take(response, &roundTrip, now: now)
      default: abort.take(response, &roundTrip, now: now)
      }
    guard wasPending else { return nil }
    shown = response.payload ?? 0..<0
    return .response(response)
  }

  private mutating func take(_ record: RecordMessage) -> RegisterEvent? {
    let mine = shelf.held
    if record.index == shelf.expected, mine?.origin == record.origin {
      guard message.withBytes({ shelf.take($0.extracting(record.sealed)) }) else { return nil }
      shown = record.sealed
      isAcknowledgementDue = true
      if status.awaits(record.origin, record.index) { status.end() }
      return .record(index: record.index)
    }
    // What was lost or not known to have arrived is said again.
    isAcknowledgementDue = true
    // A copy that overtook its record is no copy of anything yet: it waits like any early record.
    let wasTaken = record.index < shelf.expected || mine?.origin != record.origin
    if wasTaken, status.awaits(record.origin, record.index) {
      status.end()
      shown = record.sealed
      return .recordCopy(index: record.index)
    }
    guard mine?.origin == record.origin else { return nil }
    if record.index > shelf.expected {
      tally.early &+= 1
      message.withBytes { shelf.keepEarly(record.index, $0.extracting(record.sealed)) }
    } else {
      tally.duplicates &+= 1
    }
    return nil
  }

  private mutating func take(_ answer: Totals, now: Instant) -> RegisterEvent? {
    guard totals.isPending else { return nil }
    // An answer to an earlier question may come late: it closes nothing.
    if let closing {
      guard answer.isClosed == (answer.name == closing) else { return nil }
    } else if answer.isClosed {
      return nil
    }
    totals.answered(&roundTrip, now: now)
    return .totals(answer)
  }

  private mutating func take(_ answer: TransactionStatus, now: Instant) -> RegisterEvent? {
    guard status.isPending(answer.reference) else { return nil }
    // Asked before the payment was, which is still on its way: asked again when that is answered.
    if answer.state == .notFound, payment.isPending(answer.reference) { return nil }
    if case .processed(let origin, let index) = answer.state {
      guard !status.awaits(origin, index) else { return nil }
      status.await(origin, index)
    } else {
      status.answered(&roundTrip, now: now)
    }
    return .status(answer)
  }

  // MARK: Sending

  /// Puts the next frame to write, if one is due and the line is free, into `frame`.
  public mutating func nextOutput(now: Instant, into frame: inout WireFrame) -> Bool {
    guard line.isFree(now: now) else { return false }
    guard session.nextFrame(now: now, into: &frame) || nextMessage(now: now, into: &frame) else {
      return false
    }
    _ = line.occupy(frame.count, now: now)
    return true
  }

  /// When `nextOutput` has something next if nothing is received or asked for before.
  public borrowing func nextDeadline(now: Instant) -> Instant {
    var next = session.nextDeadline(now: now)
    if session.isOpen {
      if isAcknowledgementDue, held != nil { next = min(next, now) }
      if !returning.isEmpty { next = min(next, now) }
      next = min(next, time.nextDeadline(now: now))
    }
    if session.isOpen, hasAcknowledged {
      next = min(next, payment.nextDeadline(now: now))
      next = min(next, abort.nextDeadline(now: now))
      if !status.mustWait(for: payment) { next = min(next, status.nextDeadline(now: now)) }
      next = min(next, min(outcome.nextDeadline(now: now), choice.nextDeadline(now: now)))
      next = min(next, min(totals.nextDeadline(now: now), diagnosis.nextDeadline(now: now)))
      next = min(next, code.nextDeadline(now: now))
    }
    return line.whenFree(after: next)
  }

  private borrowing func clockTime(now: Instant) -> UInt64? {
    guard let clock else { return nil }
    return clock.unixMilliseconds &+ UInt64(max((now - clock.at).nanoseconds, 0) / 1_000_000)
  }

  private mutating func nextMessage(now: Instant, into frame: inout WireFrame) -> Bool {
    guard session.isOpen else { return false }
    if time.due(now: now, &roundTrip, &tally.repeats) != nil {
      return RegisterMessage.time(
        unixMilliseconds: clockTime(now: now), takesParity: takesParity
      ).send(in: &session, now: now, into: &frame)
    }
    if isAcknowledgementDue, let acknowledgement = shelf.acknowledgement {
      isAcknowledgementDue = false
      hasAcknowledged = true
      return RegisterMessage.acknowledgement(acknowledgement)
        .send(in: &session, now: now, into: &frame)
    }
    if !returning.isEmpty {
      let wasSealed = returning.withBytes { session.write($0, now: now, into: &frame) }
      returning.removeAll()
      return wasSealed
    }
    // Before, the controller takes no payment: it does not know what the register has.
    guard hasAcknowledged else { return false }
    for which in 0..<7 {
      let request =
        switch which {
        case 0: abort.due(now: now, &roundTrip, &tally.repeats)
        case 1: outcome.due(now: now, &roundTrip, &tally.repeats)
        case 2: choice.due(now: now, &roundTrip, &tally.repeats)
        case 3: payment.due(now: now, &roundTrip, &tally.repeats)
        case 4: totals.due(now: now, &roundTrip, &tally.repeats)
        case 5: diagnosis.due(now: now, &roundTrip, &tally.repeats)
        default:
          // What has not arrived would be said not to be known, and then arrive.
          status.mustWait(for: payment) ? nil : status.due(now: now, &roundTrip, &tally.repeats)
        }
      if let request { return request.send(in: &session, now: now, into: &frame) }
    }
    return sendCodeRequest(now: now, into: &frame)
  }

  private mutating func sendCodeRequest(now: Instant, into frame: inout WireFrame) -> Bool {
    guard case .code(let request)? = code.due(now: now, &roundTrip, &tally.repeats) else {
      return false
    }
    var plain = MessageBytes()
    do throws(Overflow) {
      try template.withBytes { (template) throws(Overflow) in
        try request.encode(from: template, into: &plain)
      }
      return try plain.withBytes { (bytes) throws(Overflow) in
        try session.seal(bytes, now: now, into: &frame)
      }
    } catch { preconditionFailure("a template of 512 bytes and the rest fit a message") }
  }
}
