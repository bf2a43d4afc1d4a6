// A seeded world: customers, a cashier and misfortunes around one kiosk, and the promises that must
// hold whatever happens. The same seed gives the same run in every build.

import Link
import Magstripe
import Octets
import Register
import Vault

/// A promise that was broken.
public enum Violation: UInt8, Sendable {
  /// A payment was left without an outcome for ten minutes.
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
}

/// One run. About 150 KiB.
public struct World: ~Copyable {
  /// Payments of the longest run.
  public static let capacity = 32

  /// How a payment ended, as the register knows it.
  private enum Outcome: Equatable {
    case captured(index: UInt64)
    case failed
  }

  private struct Payment {
    var reference: Reference
    var outcome: Outcome?
  }

  private enum Phase {
    /// Nobody is there until then.
    case pausing(until: Instant)
    /// The youngest payment is open since `since`; the register asks about it at `question`.
    case paying(since: Instant, question: Instant)
    case over
  }

  private var kiosk: SimulatedKiosk
  private var random: SeededRandom
  private let faults: Faults
  private let target: Int
  private var payments = InlineArray<32, Payment?>(repeating: nil)
  private var count = 0
  private var phase: Phase
  private var swipeDue: Instant?
  private var abortDue: Instant?
  private var restartDue: Instant?
  private var replugDue: Instant?
  private var keys = InlineArray<32, UInt32?>(repeating: nil)
  private var sessions = 0
  public private(set) var records: UInt64 = 0
  public private(set) var violation: Violation?

  /// A world of `payments` payments; `faults` nil: what the seed says.
  public init(seed: UInt64, payments: Int = 6, faults: Faults? = nil) {
    precondition(payments <= Self.capacity, "our own number")
    var random = SeededRandom(seed: seed)
    let mixed = Faults.mixed(&random)
    self.faults = faults ?? mixed
    var options = KioskOptions()
    options.keys = random.chance(0.5) ? .tdes : .aes128
    options.head = random.chance(0.5) ? .f2f : .clockData
    head = options.head
    kiosk = SimulatedKiosk(seed: random.next(), options: options, faults: self.faults)
    target = payments
    phase = .pausing(until: kiosk.now + .milliseconds(300))
    self.random = random
  }

  private let head: StripeSettings.Kind
  public var now: Instant { kiosk.now }
  public var isOver: Bool { if case .over = phase { true } else { false } }

  /// Runs to the end, or to the first broken promise. `say` gets the transcript.
  public mutating func run(_ say: (Span<UInt8>) -> Void) {
    while !isOver, violation == nil { tick(say) }
    judge()
    var line = TranscriptLine("end", at: now)
    line.add(records)
    line.add(UInt64(violation?.rawValue ?? 0))
    line.end(say)
  }

  /// One millisecond.
  public mutating func tick(_ say: (Span<UInt8>) -> Void) {
    happen()
    kiosk.tick()
    while let occurrence = kiosk.surroundings.nextOccurrence() {
      var line = TranscriptLine(occurrence)
      line.end(say)
    }
    while let event = kiosk.nextEvent() {
      var line = TranscriptLine(event, sealed: kiosk.sealed, at: now)
      line.end(say)
      hear(event)
    }
  }

  private mutating func judge() {
    guard violation == nil else { return }
    if sessions == 0 { violation = .neverLinked }
    if kiosk.linkCounts.sessions.forged + kiosk.register.counts.sessions.forged > 0 {
      violation = .forgedFrame
    }
  }
}

// MARK: What people do

extension World {
  private mutating func happen() {
    switch phase {
    case .pausing(let until):
      if now >= until, !kiosk.surroundings.isSwiping { begin() }
    case .paying(let since, let question):
      if now - since > .seconds(600) { violation = .stuck }
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
    if let due = restartDue, now >= due {
      restartDue = nil
      kiosk.restartRegister()
    }
    tendCable()
  }

  private mutating func tendCable() {
    if let due = replugDue {
      guard now >= due else { return }
      replugDue = nil
      kiosk.surroundings.plugPort(true)
    } else if random.chance(faults.unpluggedPorts) {
      replugDue = now + milliseconds(1, 3_000)
      kiosk.surroundings.plugPort(false)
    }
  }

  private mutating func milliseconds(_ least: Int, _ most: Int) -> Interval {
    .milliseconds(Int64(least + random.below(most - least + 1)))
  }

  private mutating func begin() {
    guard count < target else {
      phase = .over
      return
    }
    let request = PaymentRequest(
      reference: Self.reference(count), amount: UInt64(1 + random.below(100_000)), currency: 978,
      exponent: 2, timeoutSeconds: UInt16(2 + random.below(4)), methods: .magneticStripe)
    payments[count] = Payment(reference: request.reference)
    count += 1
    kiosk.register.pay(request)
    let patience = Interval.seconds(Int64(request.timeoutSeconds) + 2)
    phase = .paying(since: now, question: now + patience)
    swipeDue = random.chance(0.85) ? now + milliseconds(100, 2_500) : nil
    abortDue = random.chance(0.15) ? now + milliseconds(10, 3_000) : nil
    restartDue = random.chance(faults.registerRestarts) ? now + milliseconds(1, 3_000) : nil
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
    kiosk.surroundings.swipe(
      card, conditions, seed: random.next(),
      start: now + .microseconds(Int64(1 + random.below(1_000))))
    card.wipe()
    // Who was told to swipe again mostly does.
    if isScratched, random.chance(0.7) { swipeDue = now + milliseconds(1_500, 2_500) }
  }
}

// MARK: What the register hears

extension World {
  private mutating func hear(_ event: RegisterEvent) {
    switch event {
    case .linkUp(_, let standing):
      sessions += 1
      switch standing {
      case .continuous, .newOrigin: break
      case .missing, .rolledBack: violation = .brokenSequence
      }
    case .response(let response):
      if response.request == .payment, !response.isAccepted { end(response.reference, .failed) }
    case .event(let event):
      // A captured payment ends with its record.
      if event.isFinal, event.kind != .captured, let reference = event.reference {
        end(reference, .failed)
      }
    case .status(let status):
      switch status.state {
      case .ended, .notFound: end(status.reference, .failed)
      case .inProgress, .processed: break
      }
    case .record(let index):
      if index != records { violation = .brokenSequence }
      records += 1
      takeRecord(index, isCopy: false)
    case .recordCopy(let index):
      if index >= records { violation = .brokenSequence }
      takeRecord(index, isCopy: true)
    case .totals, .diagnosis: break
    case .error: violation = .forgedFrame
    }
  }

  private mutating func takeRecord(_ index: UInt64, isCopy: Bool) {
    do throws(SealError) {
      let record = try kiosk.openRecord()
      if record.index != index { violation = .unreadableRecord }
      if !isCopy { noteKey(record) }
      let reference = record.reference.withBytes { Reference($0) }
      guard let reference else {
        violation = .strayRecord
        return
      }
      end(reference, .captured(index: index))
    } catch { violation = .unreadableRecord }
  }

  private mutating func noteKey(_ record: borrowing Record) {
    var serial: UInt32 = 0
    for index in 0..<record.ksn.count { serial = serial << 8 | UInt32(record.ksn[index]) }
    for index in 0..<Self.capacity where keys[index] == serial { violation = .keyUsedTwice }
    if records <= 32 { keys[Int(records) - 1] = serial }
  }

  private mutating func end(_ reference: Reference, _ outcome: Outcome) {
    for index in 0..<count {
      guard let payment = payments[index], payment.reference == reference else { continue }
      if let known = payment.outcome {
        if known != outcome { violation = .twoOutcomes }
        return
      }
      payments[index]?.outcome = outcome
      if index == count - 1 {
        swipeDue = nil
        abortDue = nil
        phase = .pausing(until: now + milliseconds(50, 800))
      }
      return
    }
    violation = .strayRecord
  }
}
