// A seeded world: customers, a cashier and misfortunes around one kiosk, and the promises that must
// hold whatever happens. The same seed gives the same run in every build.

import Controller
import Journal
import Link
import Magstripe
import Octets
import Register
import Vault

/// A promise that was broken.
public enum Violation: UInt8, Sendable {
  /// A payment was left without an outcome for a minute after everything was well again.
  case stuck = 1
  /// A payment ended twice, differently.
  case twoOutcomes
  /// A record came that belongs to no payment of ours, or to one that has another record.
  case strayRecord
  /// The register's records have a gap or a repetition.
  case brokenSequence
  /// A record that does not open, or not as what it should be.
  case unreadableRecord
  /// A key serial number served twice.
  case keyUsedTwice
  /// A frame passed for genuine that was not, or nearly so.
  case forgedFrame
  /// There was never a session.
  case neverLinked
  /// The register lost a record that it had acknowledged.
  case brokenPromise
  /// Two records, or two frames of a session, were sealed under one nonce.
  case nonceUsedTwice
  /// Card data in clear on the line or on a disk.
  case clearCardData
  /// The loop waited for the disk.
  case blockedLoop
  /// The controller's journal was gone or damaged at a start.
  case lostJournal
  /// Controller and register hold different logs.
  case logsDiffer
  /// A tapped card's record is of no card that was there.
  case otherCard
  /// A tapped card signed another amount than its record's.
  case otherAmount
}

/// How much was tried in one run.
public struct WorldTally: Sendable {
  public var payments = 0
  public var records = 0
  /// Of them, those of tapped cards.
  public var taps = 0
  public var sessions = 0
  public var controllerOutages = 0
  public var registerOutages = 0
  /// Virtual.
  public var time = Interval.milliseconds(0)

  public init() {}

  public static func += (sum: inout WorldTally, part: WorldTally) {
    sum.payments += part.payments
    sum.records += part.records
    sum.taps += part.taps
    sum.sessions += part.sessions
    sum.controllerOutages += part.controllerOutages
    sum.registerOutages += part.registerOutages
    sum.time = Interval(nanoseconds: sum.time.nanoseconds + part.time.nanoseconds)
  }
}

/// One run. About 180 KiB.
public struct World: ~Copyable {
  /// Payments of the longest run.
  public static let capacity = 32
  /// How long things go wrong in one payment, and how long they then go well.
  private static let patience = Interval.seconds(60)

  /// How a payment ended, as the register knows it.
  enum Outcome: Equatable {
    /// By the record with this check sum.
    case captured(UInt32)
    case failed
  }

  struct Payment {
    var reference: Reference
    var outcome: Outcome?
    var tapped = TappedSchemes()
  }

  struct Spent {
    /// The key serial number's end, which is all that changes.
    var serial: UInt32
    var epoch: UInt32
    var index: UInt64
    var checksum: UInt32
  }

  /// The first digits of track 2: more than any masked number shows.
  typealias CardDigits = InlineArray<12, UInt8>

  enum Phase {
    /// Nobody is there until then.
    case pausing(until: Instant)
    /// The youngest payment is open since `since`; the register asks about it at `question`.
    case paying(since: Instant, question: Instant)
    case over
  }

  var kiosk: SimulatedKiosk
  var random: SeededRandom
  let faults: Faults
  let target: Int
  var payments = InlineArray<32, Payment?>(repeating: nil)
  var count = 0
  var phase: Phase
  /// Whether faults were lifted for the payment at hand.
  var isCalm = false
  var swipeDue: Instant?
  var abortDue: Instant?
  var replugDue: Instant?
  var taps: TapScript
  /// A contactless reader, which half of all worlds have.
  let hasReader: Bool
  let canary: Canary?
  /// What the records used up, which nothing may use again.
  var spent = InlineArray<64, Spent?>(repeating: nil)
  var cards = InlineArray<64, CardDigits?>(repeating: nil)
  var cardCount = 0
  var sessions = 0
  /// The index that the register's next record must have.
  var expected: UInt64 = 0
  /// Records that the register took.
  public internal(set) var records = 0
  var tappedRecords = 0
  public internal(set) var violation: Violation?

  /// A world of `payments` payments; `faults` nil: what the seed says.
  public init(
    seed: UInt64, payments: Int = 6, faults: Faults? = nil, canary: Canary? = nil
  ) {
    precondition(payments <= Self.capacity, "our own number")
    var random = SeededRandom(seed: seed)
    var mixed = Faults.mixed(&random)
    taps = TapScript(seed: seed)
    hasReader = taps.random.chance(0.5)
    if hasReader { mixed.drawReader(&taps.random) }
    self.faults = faults ?? mixed
    self.canary = canary
    var options = KioskOptions()
    if hasReader { options.taps = .simulated }
    options.keys = random.chance(0.5) ? .tdes : .aes128
    options.head = random.chance(0.5) ? .f2f : .clockData
    options.canary = canary
    head = options.head
    kiosk = SimulatedKiosk(seed: random.next(), options: options, faults: self.faults)
    target = payments
    started = kiosk.now
    phase = .pausing(until: started + .milliseconds(300))
    self.random = random
  }

  let head: StripeSettings.Kind
  let started: Instant
  public var now: Instant { kiosk.now }
  /// What happened so far.
  public var tally: WorldTally {
    var tally = WorldTally()
    tally.payments = count
    tally.records = records
    tally.taps = tappedRecords
    tally.sessions = sessions
    tally.controllerOutages = kiosk.controllerOutages
    tally.registerOutages = kiosk.registerOutages
    tally.time = now - started
    return tally
  }
  public var isOver: Bool { if case .over = phase { true } else { false } }

  /// Runs to the end, or to the first broken promise. `say` gets the transcript.
  public mutating func run(_ say: (Span<UInt8>) -> Void) {
    while !isOver, violation == nil { tick(say) }
    agree(say)
    judgeAll()
    var line = TranscriptLine("end", at: now)
    line.add(UInt64(records))
    line.add(UInt64(violation?.rawValue ?? 0))
    line.end(say)
  }

  /// When nothing goes wrong any more, both sides soon have the same records, and know it: all that
  /// was acknowledged is in the controller's journal too.
  private mutating func agree(_ say: (Span<UInt8>) -> Void) {
    kiosk.set(Faults())
    if replugDue != nil { kiosk.surroundings.plugPort(true) }
    let end = now + Self.patience
    while violation == nil, !hasAgreed {
      if now >= end { violation = .logsDiffer }
      kiosk.advance()
      hearAll(say)
    }
  }

  private var hasAgreed: Bool {
    guard let mine = kiosk.log else { return false }
    guard let held = kiosk.held else { return mine.size == 0 }
    return mine.origin == held.origin && mine.acknowledged == held.size && mine.tree == held.tree
  }

  /// One millisecond, or more when nothing moves.
  private mutating func tick(_ say: (Span<UInt8>) -> Void) {
    happen()
    kiosk.advance()
    hearAll(say)
  }

  private mutating func hearAll(_ say: (Span<UInt8>) -> Void) {
    while let occurrence = kiosk.surroundings.nextOccurrence() {
      var line = TranscriptLine(occurrence)
      line.end(say)
      if occurrence.code == .logsDiffer { violation = .logsDiffer }
    }
    while let event = kiosk.nextEvent() {
      var line = TranscriptLine(event, sealed: kiosk.sealed, at: now)
      line.end(say)
      hear(event)
    }
    judge()
  }
}

// MARK: What people do

extension World {
  private mutating func happen() {
    switch phase {
    case .pausing(let until):
      if now >= until, !kiosk.surroundings.isSwiping { begin() }
    case .paying(let since, let question):
      calmDown(since)
      if now >= question, let payment = payments[count - 1] {
        kiosk.register.queryStatus(payment.reference)
        phase = .paying(since: since, question: now + .seconds(3))
      }
    case .over: break
    }
    if let due = swipeDue, now >= due { swipe() }
    if let due = abortDue, now >= due, let payment = payments[count - 1] {
      abortDue = nil
      kiosk.register.abort(payment.reference)
    }
    tendCable()
    tendReader()
  }

  /// When a payment has lasted too long for all that goes wrong, nothing does any more, and then it
  /// must end.
  private mutating func calmDown(_ since: Instant) {
    if now - since > Self.patience, !isCalm {
      isCalm = true
      kiosk.set(Faults())
    }
    if now - since > Self.patience + Self.patience { violation = .stuck }
  }

  private mutating func tendCable() {
    if let due = replugDue {
      guard now >= due else { return }
      replugDue = nil
      kiosk.surroundings.plugPort(true)
    } else if !isCalm, random.chance(kiosk.lastStep * faults.unpluggedPorts) {
      replugDue = now + milliseconds(1, 3_000)
      kiosk.surroundings.plugPort(false)
    }
  }

  mutating func milliseconds(_ least: Int, _ most: Int) -> Interval {
    .milliseconds(Int64(least + random.below(most - least + 1)))
  }

  private mutating func begin() {
    guard count < target else {
      phase = .over
      return
    }
    let request = PaymentRequest(
      reference: Self.reference(count), amount: UInt64(1 + random.below(100_000)), currency: 978,
      exponent: 2, timeoutSeconds: UInt16(2 + random.below(4)),
      methods: hasReader ? taps.methods() : .magneticStripe)
    if isCalm { kiosk.set(faults) }
    isCalm = false
    payments[count] = Payment(reference: request.reference)
    count += 1
    kiosk.register.pay(request)
    let patience = Interval.seconds(Int64(request.timeoutSeconds) + 2)
    phase = .paying(since: now, question: now + patience)
    swipeDue = random.chance(0.85) ? now + milliseconds(100, 2_500) : nil
    abortDue = random.chance(0.15) ? now + milliseconds(10, 3_000) : nil
    planTap()
  }

  private static func reference(_ number: Int) -> Reference {
    let digits: InlineArray<3, UInt8> = [
      UInt8(ascii: "P"), UInt8(ascii: "0") + UInt8(number / 10),
      UInt8(ascii: "0") + UInt8(number % 10),
    ]
    guard let reference = Reference(digits.span) else { preconditionFailure("three characters") }
    return reference
  }

  private mutating func swipe() {
    swipeDue = nil
    var conditions = SwipeConditions()
    conditions.kind = head
    conditions.inchesPerSecond = 8 + 40 * random.unit()
    conditions.jitter = 0.05 * random.unit()
    conditions.direction = random.chance(0.3) ? .backward : .forward
    conditions.gap = random.chance(faults.edgeGaps)
    let isScratched = random.chance(0.2)
    if isScratched { conditions.loss = 0.2 }
    var card = StripeTracks()
    card.fillRandomly(&random)
    remember(card)
    kiosk.surroundings.swipe(
      card, conditions, seed: random.next(),
      start: now + .microseconds(Int64(1 + random.below(1_000))))
    card.wipe()
    // Who was told to swipe again mostly does.
    if isScratched, random.chance(0.7) { swipeDue = now + milliseconds(1_500, 2_500) }
  }
}

extension World {
  private mutating func remember(_ card: borrowing StripeTracks) {
    guard card.two.count > 13 else { return }
    var digits = CardDigits(repeating: 0)
    for place in 0..<12 { digits[place] = card.two[place + 1] }
    cards[cardCount % 64] = digits
    cardCount += 1
  }
}
