// The register's end of the link, for register developers: bytes and time in, events and frames
// out. It repeats requests until they are answered, takes every record once and in order, and
// acknowledges what the register has stored.

import Link
import Octets

/// What the register already holds, from its own storage.
public struct RecordsHeld: Equatable, Sendable {
  public var origin: Origin
  /// One above the index of the last record stored.
  public var size: UInt64

  public init(origin: Origin, size: UInt64) {
    self.origin = origin
    self.size = size
  }
}

/// How the controller's records and the register's fit together at the start of a session.
public enum Standing: Equatable, Sendable {
  /// Nothing is missing; what the register lacks will come.
  case continuous
  /// A log the register did not know.
  case newOrigin
  /// The controller no longer holds this many records that the register lacks. An alarm.
  case missing(count: UInt64)
  /// The register holds this many records the controller says it never wrote. An alarm.
  case rolledBack(count: UInt64)
}

public enum RegisterEvent: Equatable, Sendable {
  /// A session is up. Comes again when the controller restarted or was asked for the time.
  case linkUp(BootInfo, Standing)
  case response(Response)
  case event(Event)
  /// The next record; `withRecord` shows it until the next call. Store it, then `acknowledge`.
  case record(index: UInt64)
  /// A record asked for by `queryStatus` that was taken before.
  case recordCopy(index: UInt64)
  case status(TransactionStatus)
  case totals(Totals)
  case diagnosis(Diagnosis)
  /// The controller did not understand us.
  case error(ErrorMessage)
}

public struct RegisterSession: ~Copyable {
  private var decoder = FrameDecoder()
  private var session: Session
  private var line: LineClock
  private var roundTrip: RoundTrip
  private var message = MessageBytes()
  private var shown = 0..<0
  private var held: RecordsHeld?
  /// The index of the record to be taken next; above `held.size` while one is being stored.
  private var expected: UInt64 = 0
  /// The controller lost records that are here: no record of its is taken.
  private var isDiverged = false
  private var isAcknowledgementDue = false
  private var clock: (unixMilliseconds: UInt64, at: Instant)?
  private var time = Request()
  private var payment = Request()
  private var abort = Request()
  private var status = Request()
  private var outcome = Request()
  private var choice = Request()
  private var totals = Request()
  private var diagnosis = Request()
  /// The period that is asked to be closed.
  private var closing: PeriodName?
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
    self.held = held
    expected = held?.size ?? 0
  }

  public var counts: RegisterCounts {
    var counts = tally
    counts.frames = decoder.counts
    counts.sessions = session.counts
    return counts
  }

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

  // MARK: Requests

  /// Asks for a payment, again and again until it is answered. A request still unanswered is
  /// replaced.
  public mutating func pay(_ request: PaymentRequest) {
    payment.begin(.payment(request), reference: request.reference)
  }

  public mutating func abort(_ reference: Reference) {
    abort.begin(.abort(reference), reference: reference)
  }

  /// Reports how the authorisation of a captured card ended, until it is answered.
  public mutating func report(_ report: OutcomeReport) {
    outcome.begin(.outcome(report), reference: report.reference)
  }

  /// Answers a `tipWanted` event with what the customer chose.
  public mutating func choose(_ choice: Choice) {
    self.choice.begin(.choice(choice), reference: choice.reference)
  }

  /// Asks what became of a transaction. Ends with a `status` event and, for a processed
  /// one, a `record` or `recordCopy` event.
  public mutating func queryStatus(_ reference: Reference) {
    status.begin(.transactionStatus(reference), reference: reference)
  }

  /// Asks for what was taken in the open period, or closes the one of this name: closing is done
  /// once however often it is asked. Ends with a `totals` event.
  public mutating func queryTotals(closing name: PeriodName? = nil) {
    closing = name
    totals.begin(.totals(TotalsRequest(closing: name)), reference: nil)
  }

  /// Asks how the controller fares. Ends with a `diagnosis` event.
  public mutating func queryDiagnosis() { diagnosis.begin(.diagnosis, reference: nil) }

  /// Tells the controller the time, milliseconds since 1970; it answers with `linkUp`. Every new
  /// session starts with the time once it was told.
  public mutating func tell(unixMilliseconds: UInt64, now: Instant) {
    clock = (unixMilliseconds, now)
    time.begin(.time(unixMilliseconds: nil), reference: nil)
  }

  /// Stops asking for whatever has not been answered.
  public mutating func cancelRequests() {
    payment.end()
    abort.end()
    status.end()
    outcome.end()
    choice.end()
    totals.end()
    diagnosis.end()
  }

  /// Says that record `index`, the one the last `record` event named, is safely stored. False, and
  /// nothing is said, when no such record waits for it.
  @discardableResult
  public mutating func acknowledge(_ index: UInt64) -> Bool {
    guard let mine = held, index < expected, index >= mine.size else { return false }
    held = RecordsHeld(origin: mine.origin, size: index + 1)
    isAcknowledgementDue = true
    return true
  }

  /// The sealed bytes of the record that the event just received named.
  public borrowing func withRecord<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try message.withBytes { (bytes) throws(E) in try body(bytes.extracting(shown)) }
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

  /// The first frame of a new session proves it to the controller: the time, which it answers with
  /// its boot information. Everything unanswered is asked again.
  private mutating func greet() {
    time.begin(.time(unixMilliseconds: nil), reference: nil)
    payment.renew()
    abort.renew()
    status.renew()
    outcome.renew()
    choice.renew()
    totals.renew()
    diagnosis.renew()
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
      return .linkUp(info, align(with: info))
    case .response(let response): return take(response, now: now)
    case .event(let event): return .event(event)
    case .record(let record): return take(record)
    case .transactionStatus(let answer): return take(answer, now: now)
    case .totals(let answer): return take(answer, now: now)
    case .diagnosis(let answer):
      guard diagnosis.isPending else { return nil }
      diagnosis.answered(&roundTrip, now: now)
      return .diagnosis(answer)
    case .error(let error): return .error(error)
    case .unknown:
      tally.malformed &+= 1
      return nil
    }
  }

  private mutating func align(with info: BootInfo) -> Standing {
    isAcknowledgementDue = true
    guard let mine = held, mine.origin == info.origin else {
      held = RecordsHeld(origin: info.origin, size: info.first)
      expected = info.first
      isDiverged = false
      return .newOrigin
    }
    if isDiverged || mine.size > info.next {
      isDiverged = true
      return .rolledBack(count: mine.size - min(mine.size, info.next))
    }
    guard mine.size < info.first else { return .continuous }
    held = RecordsHeld(origin: info.origin, size: info.first)
    expected = max(expected, info.first)
    return .missing(count: info.first - mine.size)
  }

  private mutating func take(_ response: Response, now: Instant) -> RegisterEvent? {
    let wasPending =
      switch response.request {
      case .payment: payment.take(response, &roundTrip, now: now)
      case .outcome: outcome.take(response, &roundTrip, now: now)
      case .choice: choice.take(response, &roundTrip, now: now)
      default: abort.take(response, &roundTrip, now: now)
      }
    return wasPending ? .response(response) : nil
  }

  private mutating func take(_ record: RecordMessage) -> RegisterEvent? {
    guard !isDiverged, let mine = held, mine.origin == record.origin else { return nil }
    if record.index == expected {
      expected += 1
      shown = record.sealed
      if status.awaits(record.index) { status.end() }
      return .record(index: record.index)
    }
    // What was lost or not known to have arrived is said again.
    isAcknowledgementDue = true
    if record.index > expected {
      tally.early &+= 1
      return nil
    }
    guard status.awaits(record.index) else {
      tally.duplicates &+= 1
      return nil
    }
    status.end()
    shown = record.sealed
    return .recordCopy(index: record.index)
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
    if case .processed(_, let index) = answer.state {
      guard !status.awaits(index) else { return nil }
      status.await(index)
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
      next = min(next, min(time.nextDeadline(now: now), payment.nextDeadline(now: now)))
      next = min(next, min(abort.nextDeadline(now: now), status.nextDeadline(now: now)))
      next = min(next, min(outcome.nextDeadline(now: now), choice.nextDeadline(now: now)))
      next = min(next, min(totals.nextDeadline(now: now), diagnosis.nextDeadline(now: now)))
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
      return RegisterMessage.time(unixMilliseconds: clockTime(now: now))
        .send(in: &session, now: now, into: &frame)
    }
    if isAcknowledgementDue, let held {
      isAcknowledgementDue = false
      let size = Acknowledgement(origin: held.origin, size: held.size)
      return RegisterMessage.acknowledgement(size).send(in: &session, now: now, into: &frame)
    }
    for which in 0..<7 {
      let request =
        switch which {
        case 0: abort.due(now: now, &roundTrip, &tally.repeats)
        case 1: outcome.due(now: now, &roundTrip, &tally.repeats)
        case 2: choice.due(now: now, &roundTrip, &tally.repeats)
        case 3: payment.due(now: now, &roundTrip, &tally.repeats)
        case 4: totals.due(now: now, &roundTrip, &tally.repeats)
        case 5: diagnosis.due(now: now, &roundTrip, &tally.repeats)
        default: status.due(now: now, &roundTrip, &tally.repeats)
        }
      if let request { return request.send(in: &session, now: now, into: &frame) }
    }
    return false
  }
}
