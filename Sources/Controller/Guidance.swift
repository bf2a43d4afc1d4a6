// What the customer sees on a display at the kiosk: the prompts of the transaction's events, in the
// customer's language, with the amount, and a welcome in between.

import Display
import Link
import Octets

/// How a customer display is driven.
public struct DisplaySettings: Sendable {
  public var commands: DisplayCommands
  public var characters: CharacterSet
  /// Bytes that choose the code page, where the manuals' own do not fit.
  public var selection: Selection?

  public init(
    commands: DisplayCommands, characters: CharacterSet, selection: Selection? = nil
  ) {
    self.commands = commands
    self.characters = characters
    self.selection = selection
  }
}

struct Guidance: ~Copyable {
  /// How long the end of a transaction stays.
  static let afterglow = Interval.seconds(5)

  private var display: CustomerDisplay
  /// The kiosk's language.
  private let language: Language
  /// The language of the transaction under way.
  private var spoken: Language
  /// What a card or code said of its holder's languages, and in which transaction.
  private var preferred: (reference: Reference, language: Language)?
  private var currency: UInt16 = 0
  private var exponent: UInt8 = 0
  private var amount: UInt64?
  /// Whether a pairing's code is shown.
  private var isCodeShown = false
  /// When the welcome comes back.
  private var idleAt: Instant?

  /// Without settings nothing is ever sent: the board has no such port.
  init(_ settings: DisplaySettings?, language: Language) {
    display = CustomerDisplay(
      commands: settings?.commands ?? .escPOS, characters: settings?.characters ?? .ascii,
      selection: settings?.selection)
    self.language = language
    spoken = language
    display.show(DisplayMessage(prompt: Prompt.welcome.rawValue, language: language))
  }

  mutating func portCameUp() { display.restart() }

  /// A transaction begins, or goes on.
  mutating func serve(_ order: Order) {
    currency = order.request.currency
    exponent = order.request.exponent
    amount = .some(order.total)
    let preferred = preferred.flatMap { $0.reference == order.reference ? $0.language : nil }
    spoken = order.request.language.flatMap { $0.known } ?? preferred ?? language
    idleAt = nil
  }

  /// The first of these that has texts is spoken from now on, unless the request names one.
  mutating func prefer(_ languages: PreferredLanguages, for order: Order) {
    for place in languages.codes.indices {
      guard let language = languages.codes[place]?.known else { continue }
      preferred = (order.reference, language)
      // Its end may be the next thing that is told, when it is no more served.
      return serve(order)
    }
  }

  mutating func tell(_ event: Event, now: Instant) {
    if event.isFinal {
      amount = event.amount
      idleAt = .some(now + Self.afterglow)
    }
    guard let prompt = event.prompt else { return }
    isCodeShown = false
    display.show(
      DisplayMessage(
        prompt: prompt.rawValue, language: spoken,
        amount: prompt.showsAmount ? amount.map { shown($0) } : nil))
  }

  /// For whoever pairs a register; a payment's prompts take its place.
  mutating func show(pairingCode code: UInt32) {
    isCodeShown = true
    idleAt = nil
    display.show(DisplayMessage(prompt: PromptText.pairingCode, language: language, code: code))
  }

  /// The code is void.
  mutating func hidePairingCode(now: Instant) {
    if isCodeShown { idleAt = .some(now) }
    isCodeShown = false
  }

  /// Once a tick.
  mutating func tick(now: Instant) {
    guard let idleAt, now >= idleAt else { return }
    self.idleAt = nil
    spoken = language
    display.show(DisplayMessage(prompt: Prompt.welcome.rawValue, language: language))
  }

  /// Shows what is to be sent now; empty when there is nothing.
  mutating func withOutput<R>(_ body: (Span<UInt8>) -> R) -> R { display.withOutput(body) }

  mutating func sent(_ count: Int) { display.sent(count) }

  private func shown(_ amount: UInt64) -> DisplayAmount {
    DisplayAmount(minorUnits: amount, currency: currency, exponent: exponent)
  }
}

/// What a card or code says of its holder's languages (5F2D, EMV Book 3 annex A): up to four of two
/// letters, the best first.
struct PreferredLanguages {
  private(set) var codes = InlineArray<4, LanguageCode?>(repeating: nil)

  init(_ letters: Span<UInt8> = Span()) {
    for place in 0..<min(letters.count / 2, codes.count) {
      codes[place] = LanguageCode(folding: letters.extracting(2 * place..<2 * place + 2))
    }
  }
}

extension LanguageCode {
  /// A card may say `EN`, though EMV recommends `en` (Book 4 section 11.1).
  init?(folding letters: Span<UInt8>) {
    guard letters.count == 2 else { return nil }
    let folded: [2 of UInt8] = [letters[0] | 0x20, letters[1] | 0x20]
    self.init(folded.span)
  }

  var known: Language? { withLetters { Language(code: $0) } }
}

extension Prompt {
  /// Whether the amount belongs under it: while it can still be paid, and when it has been.
  fileprivate var showsAmount: Bool {
    switch self {
    case .presentCard, .insertOrSwipe, .tryAnotherCard, .insertCard, .presentCardAgain, .showCode,
      .codeUsed, .approved:
      true
    default: false
    }
  }
}
