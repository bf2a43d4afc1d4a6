// A simulated kiosk as the loop's tests use it: payments by name, cards by their tracks, and
// everything that was said kept.

import Controller
import Link
import Magstripe
import Octets
import Register
import Simulator
import Vault

func reference(_ text: String) -> Reference { Reference(Array(text.utf8).span)! }

func payment(_ text: String, amount: UInt64 = 1250, seconds: UInt16 = 60) -> PaymentRequest {
  PaymentRequest(
    reference: reference(text), amount: amount, currency: 978, exponent: 2,
    timeoutSeconds: seconds, methods: .magneticStripe)
}

extension Bytes {
  init(_ text: String) {
    self.init()
    try! append(Array(text.utf8).span)
  }

  var array: [UInt8] { withBytes { span in span.indices.map { span[$0] } } }
  var text: String { String(decoding: array, as: UTF8.self) }
}

/// A test card of Visa's.
enum TestCard {
  static let number = "4111111111111111"
  static let one = "%B4111111111111111^CARDHOLDER/TEST^30121010000000000000?"
  static let two = ";4111111111111111=30121010000000000?"
  static let chipTwo = ";4111111111111111=30122010000000000?"
}

final class Kiosk {
  var world: SimulatedKiosk
  private(set) var events: [RegisterEvent] = []
  private(set) var occurrences: [Occurrence] = []
  /// Sealed records, in the order they were taken.
  private(set) var records: [[UInt8]] = []
  /// Every byte that came to the register.
  private(set) var line: [UInt8] = []
  private var cards = UInt64(0)
  private let head: StripeSettings.Kind

  init(seed: UInt64 = 1, _ options: KioskOptions = KioskOptions()) {
    world = SimulatedKiosk(seed: seed, options: options)
    head = options.head
    run(300)
  }

  var now: Instant { world.now }
  var lastEdge: Instant? { world.surroundings.lastEdge }

  func run(_ milliseconds: Int) {
    for _ in 0..<milliseconds { tick() }
  }

  /// Runs until `condition` holds, ten virtual minutes at most; whether it did.
  func run(until condition: () -> Bool) -> Bool {
    for _ in 0..<600_000 {
      if condition() { return true }
      tick()
    }
    return condition()
  }

  private func tick() {
    world.tick()
    line += world.received.array
    while let occurrence = world.surroundings.nextOccurrence() { occurrences.append(occurrence) }
    while let event = world.nextEvent() {
      events.append(event)
      if case .record = event { records.append(world.sealed.array) }
    }
  }

  /// Asks for a payment and waits until a card can be swiped.
  func arm(_ name: String, seconds: UInt16 = 60) -> Bool {
    world.register.pay(payment(name, seconds: seconds))
    return run(until: { told(.waitingForCard, name) })
  }

  /// Swipes the test card from `after` on; nothing is readable of a scratched one.
  func swipe(
    after: Interval = .microseconds(300), isScratched: Bool = false, hasChip: Bool = false,
    _ change: (inout SwipeConditions) -> Void = { _ in }
  ) {
    var card = StripeTracks()
    card.one = Bytes(TestCard.one)
    card.two = Bytes(hasChip ? TestCard.chipTwo : TestCard.two)
    var conditions = SwipeConditions()
    conditions.kind = head
    if isScratched { conditions.loss = 0.3 }
    change(&conditions)
    cards += 1
    world.surroundings.swipe(card, conditions, seed: cards, start: now + after)
  }

  /// Swipes and waits until the head is silent and the slot has passed.
  func swipeAndWait(isScratched: Bool = false, hasChip: Bool = false) {
    swipe(isScratched: isScratched, hasChip: hasChip)
    _ = run(until: { !world.surroundings.isSwiping })
    run(200)
  }

  func told(_ kind: EventKind, _ name: String) -> Bool {
    events.contains {
      if case .event(let event) = $0 {
        event.kind == kind && event.reference == reference(name)
      } else {
        false
      }
    }
  }

  /// The languages that the register was told.
  var languages: [String] {
    events.compactMap {
      guard case .event(let event) = $0 else { return nil }
      return event.language?.withLetters { letters in
        String(decoding: [letters[0], letters[1]], as: UTF8.self)
      }
    }
  }

  func response(_ name: String) -> Response? {
    for case .response(let response) in events where response.reference == reference(name) {
      return response
    }
    return nil
  }

  func occurrence(_ code: Occurrence.Code) -> Occurrence? {
    occurrences.last { $0.code == code }
  }
}
