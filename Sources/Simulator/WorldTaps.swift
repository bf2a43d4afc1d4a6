// Taps in a seeded world: cards, phones and tickets before the reader, two at once, torn away,
// lying, while chip, line and power go wrong; and what must be true of the records.

import Contactless
import Controller
import Link
import Octets
import Vault

extension TapSettings {
  /// The reader of a simulated kiosk.
  static var simulated: TapSettings {
    var terminal = TapTerminal()
    terminal.country = 276
    return TapSettings(terminal: terminal, fastest: 921_600)
  }
}

/// What happens at the reader of a world that has one.
struct TapScript: Sendable {
  /// Apart from the world's, so that worlds without a reader stay as they are.
  var random: SeededRandom
  var due: Instant?
  /// When the cards before the reader are taken away.
  var removal: Instant?
  /// What is before the reader.
  var present = TappedSchemes()

  init(seed: UInt64) { random = SeededRandom(seed: seed ^ 0x7A9_5EED) }

  mutating func milliseconds(_ least: Int, _ most: Int) -> Interval {
    .milliseconds(Int64(least + random.below(most - least + 1)))
  }

  /// Which ways of paying the register offers.
  mutating func methods() -> Methods {
    switch random.below(10) {
    case 0: .magneticStripe
    case 1, 2, 3: .contactless
    default: .contactless.union(.magneticStripe)
    }
  }
}

/// The schemes whose cards were held before the reader at one time, or for one payment.
struct TappedSchemes: Sendable {
  private var bits: UInt8 = 0
  /// A card that lies may give any number.
  var hasLiar = false

  mutating func note(_ scheme: PaymentCard.Scheme) { bits |= 1 << Self.place(scheme) }

  mutating func note(_ others: TappedSchemes) {
    bits |= others.bits
    hasLiar = hasLiar || others.hasLiar
  }

  /// Whether `masked` is the number of one of them: its first six and last four digits.
  func has<let size: Int>(_ masked: borrowing Bytes<size>) -> Bool {
    if hasLiar { return true }
    for scheme in PaymentCard.Scheme.allCases where bits >> Self.place(scheme) & 1 == 1 {
      let isSame = withLiteral(PaymentCard(scheme).number) { number in
        masked.withBytes { Self.fits($0, number) }
      }
      if isSame { return true }
    }
    return false
  }

  private static func place(_ scheme: PaymentCard.Scheme) -> UInt8 {
    switch scheme {
    case .visa: 0
    case .mastercard: 1
    case .amex: 2
    case .discover: 3
    case .jcb: 4
    case .unionPay: 5
    }
  }

  private static func fits(_ masked: Span<UInt8>, _ number: Span<UInt8>) -> Bool {
    guard masked.count == number.count else { return false }
    for place in number.indices where place < 6 || place >= number.count - 4 {
      if masked[place] != number[place] { return false }
    }
    return true
  }
}

// MARK: What people do

extension World {
  /// Draws whether and when somebody taps for the payment that begins. A card may still be there.
  mutating func planTap() {
    guard hasReader else { return }
    payments[count - 1]?.tapped = taps.present
    taps.due = taps.random.chance(0.75) ? now + taps.milliseconds(100, 2_500) : nil
  }

  mutating func tendReader() {
    if let removal = taps.removal, now >= removal { takeCardsAway() }
    if let due = taps.due, now >= due { tap() }
  }

  private mutating func takeCardsAway() {
    taps.removal = nil
    taps.present = TappedSchemes()
    kiosk.surroundings.present([])
    // Who was told to tap again mostly does.
    if case .paying = phase, taps.random.chance(0.5) {
      taps.due = now + taps.milliseconds(300, 1_500)
    }
  }

  private mutating func tap() {
    taps.due = nil
    taps.removal = now + taps.milliseconds(150, 3_000)
    taps.present = TappedSchemes()
    var cards = [drawCard()]
    if taps.random.chance(0.1) { cards.append(drawCard()) }
    if count > 0 { payments[count - 1]?.tapped.note(taps.present) }
    kiosk.surroundings.present(cards)
  }

  private mutating func drawCard() -> VirtualCard {
    let all = PaymentCard.Scheme.allCases
    let scheme = all[taps.random.below(all.count)]
    taps.present.note(scheme)
    // A planted bug: another card than the one that was noted.
    let real = canary == .otherCard ? (scheme == .visa ? .jcb : .visa) : scheme
    var payment = PaymentCard(real)
    payment.isPhone = taps.random.chance(0.3)
    payment.declines = taps.random.chance(0.05)
    if taps.random.chance(0.1) {
      let refusals: [5 of UInt16] = [0x6984, 0x6985, 0x6986, 0x6A81, 0x6D00]
      payment.refusal = refusals[taps.random.below(5)]
    }
    payment.hasDirectory = taps.random.chance(0.9)
    var card = VirtualCard(drawContent(payment))
    card.isTypeB = taps.random.chance(0.1)
    if taps.random.chance(0.2) { card.leavesAfter = taps.random.below(7) }
    if taps.random.chance(0.1) { card.slowness = Int64(1 + taps.random.below(8)) }
    return card
  }

  private mutating func drawContent(_ payment: PaymentCard) -> VirtualCard.Content {
    switch taps.random.below(20) {
    case 0: return .memory
    case 1, 2:
      taps.present.hasLiar = true
      return .liar(payment, SeededRandom(seed: taps.random.next()))
    default: return .payment(payment)
    }
  }
}

// MARK: What must be true

extension World {
  /// A tapped card's record is of a card that was there, and has its number nowhere in clear.
  mutating func judgeTap(_ record: borrowing Record, _ reference: Reference) {
    guard record.entryMode == .contactlessChip else { return }
    for index in 0..<count {
      guard let payment = payments[index], payment.reference == reference else { continue }
      if payment.outcome == nil { tappedRecords += 1 }
      if !payment.tapped.has(record.maskedPAN) { violation = .otherCard }
    }
    if record.chipData.withBytes({ TestNumbers.areIn($0) }) { violation = .clearCardData }
    let signed = signedAmount(record)
    if signed ?? record.amount.minorUnits != record.amount.minorUnits { violation = .otherAmount }
  }

  /// Amount, authorised (9F02: twelve digits, two in a byte), which the card's cryptogram is over.
  private func signedAmount(_ record: borrowing Record) -> UInt64? {
    record.chipData.withBytes { objects in
      do throws(TLVError) {
        guard let place = try TLV.find(0x9F02, in: objects) else { return nil }
        var amount: UInt64 = 0
        for index in place {
          amount = amount * 100 + UInt64(objects[index] >> 4) * 10 + UInt64(objects[index] & 0xF)
        }
        return amount
      } catch { return nil }
    }
  }
}

/// The numbers of the virtual cards as cards give them: two digits in a byte, of each the first six
/// bytes, which is more than any masked number shows.
enum TestNumbers {
  typealias Digits = InlineArray<6, UInt8>

  static func digits(_ scheme: PaymentCard.Scheme) -> Digits {
    withLiteral(PaymentCard(scheme).number) { number in
      var digits = Digits(repeating: 0)
      for place in 0..<6 { digits[place] = number[2 * place] << 4 | number[2 * place + 1] & 0xF }
      return digits
    }
  }

  static func areIn(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count >= 6 else { return false }
    for scheme in PaymentCard.Scheme.allCases {
      let digits = digits(scheme)
      for start in 0...(bytes.count - 6) where bytes[start] == digits[0] {
        if bytes.extracting(start..<start + 6).equals(digits.span) { return true }
      }
    }
    return false
  }
}
