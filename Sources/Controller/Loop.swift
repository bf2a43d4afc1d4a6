// One tick of the controller: what came in since the last, what is due now. Bounded work, no
// waiting, no heap.

import Contactless
import Journal
import Link
import Magstripe
import Octets
import Vault
import WalletCode

/// The times that a board's profile fixes.
public struct LoopTiming: Sendable, BitwiseCopyable {
  /// Distance of two ticks.
  public let tick: Interval
  /// From the card's last edge to the record's first byte.
  public let release: Interval
  /// How long a light tells of a swipe that is over.
  static let afterglow = Interval.seconds(2)

  public init(tick: Interval, release: Interval) {
    self.tick = tick
    self.release = release
  }
}

/// The controller: a head, a register, one payment at a time. About 70 KiB: to be made in its place
/// and never moved, for it holds keys.
public struct Loop<B: Board & ~Copyable>: ~Copyable {
  var board: B
  let timing: LoopTiming
  var terminal: Terminal
  var clock: WallClock
  private var head: StripeHead
  /// Idle on a board without one.
  var reader: TapReader
  let hasReader: Bool
  /// Whose tap the reader waits for.
  var tapOrder: (reference: Reference, total: UInt64)?
  /// Whose it last waited for.
  var lastTapped: Reference?
  var reading = CardReading()
  var transaction = Transaction()
  var lease = KeyLease()
  var supply = KeySupply.onItsWay
  var outbox: Outbox
  /// A request of which the journal is asked whether its reference was used.
  var asking: Asking?
  /// Whether the journal's disk takes records.
  var isStoring = true
  var link: ControllerLink
  /// Nil on a board without a line for one.
  var watcher: Watcher?
  var sealed = Bytes<560>()
  var received = Bytes<512>()
  /// The frame on its way to the port; its first `sentCount` bytes have been taken.
  private var frame = WireFrame()
  private var sentCount = 0
  var lights = Lights.none
  var glow: (lights: Lights, until: Instant)?
  var tone = Tone()
  private var hasTicked = false
  /// What is counted for `diagnosis`; the rest is filled in when it is asked for.
  var health = Diagnosis()
  let attachments: Attachments
  var codes = CodeReading()
  var guidance: Guidance
  var concert: ConcertTill
  /// The language that a card or code asked for, which the register has yet to hear.
  var untoldLanguage: LanguageCode?

  public init(
    board: consuming B, timing: LoopTiming, terminal: consuming Terminal, clock: WallClock,
    head: StripeSettings, taps: TapSettings? = nil, attachments: Attachments = .none,
    outbox: consuming Outbox, link: consuming ControllerLink, watcher: consuming Watcher? = nil
  ) {
    self.outbox = outbox
    self.board = board
    self.timing = timing
    self.terminal = terminal
    self.clock = clock
    self.head = StripeHead(head)
    hasReader = taps != nil
    reader = TapReader(
      taps?.terminal ?? TapTerminal(), fastest: taps?.fastest ?? PN532.firstRate)
    self.link = link
    self.watcher = watcher
    self.attachments = attachments
    guidance = Guidance(attachments.display, language: attachments.language)
    concert = ConcertTill(attachments.concert)
  }

  public var scannerCounts: ScannerCounts { codes.counts }

  public var linkCounts: LinkCounts { link.counts }

  /// When the outcome that is held is due: a time at which the loop wants to be run as well.
  public var due: Instant? { transaction.due }

  /// Runs the slot that began at `now`, the one time that this tick knows.
  public mutating func tick(now: Instant) {
    if !hasTicked {
      hasTicked = true
      board.report(Occurrence(at: now, code: .firstTick))
      board.show(lights)
    }
    // What is due goes first: nothing that comes in may delay a slot.
    advanceTransaction(now: now)
    tendPort(now: now)
    takePairingOrders(now: now)
    takeEdges(now: now)
    takeReports(now: now)
    if hasReader { takeTaps(now: now) }
    takeScans(now: now)
    tendConcert(now: now)
    takeBytes(now: now)
    refillKeys(now: now)
    write(now: now)
    fetchRecords()
    if watcher != nil { serveWatcher(now: now) }
    showLights(now: now)
    tendDisplay(now: now)
  }

  /// Wipes every key and every trace of a card. To be called when the loop has stopped.
  public mutating func wipe() {
    head.reset()
    reader.wipe()
    codes.wipe()
    lease.wipe()
    link.wipe()
    watcher?.wipe()
    terminal.wipe()
  }
}

// MARK: The card

extension Loop where B: ~Copyable {
  private mutating func takeEdges(now: Instant) {
    // Read before the edges: what it vouches for is then in the ring.
    let complete = board.capturedUntil()
    while let edge = board.nextEdge() {
      if edge.signal == .gap {
        health.captureGaps &+= 1
        board.report(Occurrence(at: edge.at, code: .captureGap))
      }
      head.record(edge)
    }
    guard let complete, let lastEdge = head.lastEdge else { return }
    if head.hasSignal, transaction.isArmed { step(.began(.magneticStripe), now: now) }
    if head.hasEnded(at: complete) {
      endSwipe(lastEdge: lastEdge, now: now)
    } else if transaction.order(for: .magneticStripe) != nil {
      head.readAhead(at: complete)
    }
  }

  private mutating func endSwipe(lastEdge: Instant, now: Instant) {
    guard head.hasSignal else { return head.reset() }
    guard let order = transaction.order(for: .magneticStripe) else {
      head.reset()
      health.magneticStripe.ignored &+= 1
      return board.report(Occurrence(at: now, code: .swipeIgnored))
    }
    let due = lastEdge + timing.release
    let result = reading.read(
      &head, for: order, index: outbox.next, terminal: terminal, lease: &lease, clock: clock,
      now: now, into: &sealed)
    switch result {
    case .sealed(let tracks):
      board.report(Occurrence(at: now, code: .swipeRead, detail: UInt16(tracks.bits)))
      hold(.magneticStripe, of: order, due: due, now: now)
    case .failed(let failure, let tracks):
      board.report(Occurrence(at: now, code: .swipeUnreadable, detail: UInt16(tracks.bits)))
      step(.failed(.magneticStripe, failure, due: due), now: now)
    }
    // After a stall the slot may have come already.
    advanceTransaction(now: now)
  }

  mutating func hold(_ method: Method, of order: Order, due: Instant, now: Instant) {
    let index = outbox.next
    file(order.reference, sealed.withBytes { RecordBytes($0) }, now: now)
    link.prepare(outbox: outbox, now: now)
    noteForTill()
    step(.captured(method, index: index, due: due), now: now)
  }
}

// MARK: The transaction

extension Loop where B: ~Copyable {
  private mutating func advanceTransaction(now: Instant) { step(.tick, now: now) }

  /// Hands the machine what happened and does what it says.
  mutating func step(_ input: Transaction.Input, now: Instant) {
    switch input {
    case .captured(let method, _, _): health[method].reads &+= 1
    case .failed(let method, let failure, _): health[method].noteFailure(failure.reason)
    default: break
    }
    perform(transaction.step(input, now: now), now: now)
  }

  mutating func perform(_ effects: Transaction.Effects, now: Instant) {
    if let due = effects.release { release(due: due, now: now) }
    if let closing = effects.close { keep(closing, now: now) }
    if let response = effects.response { answer(response, now: now) }
    if let event = effects.event { tell(event, now: now) }
    if let event = effects.nextEvent { tell(event, now: now) }
  }

  mutating func answer(_ response: Response, now: Instant) {
    link.answer(response)
    if !response.isAccepted {
      board.report(
        Occurrence(at: now, code: .refused, detail: UInt16(response.reason.rawValue)))
    } else if response.request == .payment, transaction.isArmed {
      board.report(Occurrence(at: now, code: .armed))
    }
  }

  mutating func tell(_ event: Event, now: Instant) {
    var event = event
    event.uptimeMilliseconds = .some(now.milliseconds)
    if clock.isSet { event.unixMilliseconds = .some(clock.unixMilliseconds(at: now)) }
    if let order = transaction.order { guidance.serve(order) }
    guidance.tell(event, now: now)
    tellTill(event, now: now)
    event.language = untoldLanguage
    if !transaction.hides(event) {
      untoldLanguage = nil
      link.send(.event(event))
    }
    watcher?.send(.event(event))
    switch event.kind {
    case .captured: signal(.ok, .success, now: now)
    case .cardNotReadable: signal(.error, .alert, now: now)
    case .timedOut: board.report(Occurrence(at: now, code: .timedOut))
    case .aborted: board.report(Occurrence(at: now, code: .aborted))
    default: break
    }
    if event.isFinal, let outcome = event.outcome {
      board.report(Occurrence(at: now, code: .ended, detail: UInt16(outcome.rawValue)))
    }
  }

  /// Seals the end of a transaction and puts it into the log, where it waits its turn.
  private mutating func keep(_ closing: Closing, now: Instant) {
    let index = outbox.next
    do throws(RecordError) {
      try closing.seal(
        index: index, terminal: terminal, clock: clock, now: now, into: &sealed)
    } catch { preconditionFailure("a closing record's fields are as long as the request's") }
    file(closing.order.reference, sealed.withBytes { RecordBytes($0) }, now: now)
    transaction.wroteClosing(of: closing.order.reference, index: index)
  }

  /// The slot has come: the record's first byte goes to the port before anything else.
  private mutating func release(due: Instant, now: Instant) {
    write(now: now)
    if !frame.isEmpty { link.missSlot() }
    guard frame.isEmpty, link.release(now: now, into: &frame) else {
      health.waits &+= 1
      return board.report(Occurrence(at: now, code: .recordWaits))
    }
    let (count, at) = frame.withBytes { board.send($0) }
    sentCount = count
    finishFrame()
    let latency = at - (Instant(nanoseconds: due.nanoseconds &- UInt64(timing.release.nanoseconds)))
    let isLate = at > due + timing.tick || count == 0
    health.releases &+= 1
    if isLate { health.lateReleases &+= 1 }
    board.report(
      Occurrence(
        at: at, code: isLate ? .releasedLate : .released,
        amount: UInt32(clamping: latency.nanoseconds)))
  }
}

// MARK: The register

extension Loop where B: ~Copyable {
  private mutating func tendPort(now: Instant) {
    switch board.registerPort() {
    case .none: break
    case .cameUp:
      dropFrame()
      board.report(Occurrence(at: now, code: .registerPortFound))
    case .wentDown:
      dropFrame()
      board.report(Occurrence(at: now, code: .registerPortLost))
    }
  }

  private mutating func takeBytes(now: Instant) {
    if link.needsEphemeral {
      var random = Link.Key()
      board.random(into: &random)
      link.provideEphemeral(&random)
    }
    received.removeAll()
    board.receive(into: &received)
    var offset = 0
    while let event = received.withBytes({
      link.receive($0, from: &offset, now: now, outbox: &outbox)
    }) {
      take(event, now: now)
    }
  }

  private mutating func take(_ event: ControllerEvent, now: Instant) {
    switch event {
    case .sessionStarted: board.report(Occurrence(at: now, code: .linkUp))
    case .payment(let request): consider(request, now: now)
    case .abort(let reference): abort(reference, now: now)
    case .outcome(let report): step(.reported(report), now: now)
    case .choice(let choice): step(.chosen(choice), now: now)
    case .totals(let request):
      let epoch = UInt64(terminal.epoch)
      link.send(.totals(transaction.totals(request, epoch: epoch, now: now)))
    case .diagnosis: link.send(.diagnosis(diagnosis(now: now)))
    case .code(let request): makeCode(request)
    case .transactionStatus(let reference): tellStatus(of: reference)
    case .time(let milliseconds): clock.set(unixMilliseconds: milliseconds, at: now)
    case .witness(let size, let root): judge(size, root: root, now: now)
    case .returned(let index): takeBack(index, now: now)
    case .diverged: alarm(now: now)
    case .pairing(let event): take(event, now: now)
    }
  }

  var supportedMethods: Methods {
    .magneticStripe.union(hasReader ? .contactless : .none).union(scannedMethods)
  }

  private mutating func readyMethods() -> Methods {
    let stripe = board.capturedUntil() != nil ? Methods.magneticStripe : .none
    let taps = hasReader && reader.isUp ? Methods.contactless : .none
    return stripe.union(taps).union(scannedMethods)
  }

  /// A scanner says nothing until it reads: whether it is there, nobody knows.
  private var scannedMethods: Methods { attachments.hasScanner ? .walletCode : .none }

  mutating func diagnosis(now: Instant) -> Diagnosis {
    var diagnosis = health
    diagnosis.uptimeMilliseconds = now.milliseconds
    diagnosis.epoch = UInt64(terminal.epoch)
    diagnosis.supported = supportedMethods
    diagnosis.ready = readyMethods()
    diagnosis.unacknowledged = outbox.next - outbox.acknowledged
    diagnosis.line = LineHealth(link.counts)
    return diagnosis
  }

  mutating func readiness(for request: PaymentRequest) -> Readiness {
    let records = (request.needsNoCard ? 0 : 1) + (request.outcomeSeconds == nil ? 0 : 1)
    return Readiness(
      supported: supportedMethods, methods: readyMethods(),
      store: !isStoring || outbox.room < records ? .storeFull : .none,
      keys: !lease.isEmpty ? .none : supply == .exhausted ? .keysExhausted : .pleaseWait)
  }

  private mutating func refillKeys(now: Instant) {
    guard lease.isEmpty else { return }
    let before = supply
    supply = board.refill(&lease)
    if supply == .exhausted, before != .exhausted {
      board.report(Occurrence(at: now, code: .keysMissing))
    }
  }

  /// Hands on the frame under way, or else the next one.
  private mutating func write(now: Instant) {
    if frame.isEmpty, !link.nextOutput(now: now, outbox: &outbox, into: &frame) { return }
    sentCount += frame.withBytes { board.send($0.extracting(sentCount...)).count }
    finishFrame()
  }

  private mutating func finishFrame() { if sentCount == frame.count { dropFrame() } }

  private mutating func dropFrame() {
    frame.removeAll()
    sentCount = 0
  }
}
