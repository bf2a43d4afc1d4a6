// What the customer is to be told, by EMV's message identifiers (EMV contactless Book A, table
// 9-3): whoever has a display has the words for them in every language.

/// An EMV message identifier. Others than these may be added.
public enum Prompt: UInt8, Sendable, BitwiseCopyable {
  case notAuthorised = 0x07
  case presentCard = 0x15
  case processing = 0x16
  case cardReadRemove = 0x17
  case insertOrSwipe = 0x18
  case presentOneCardOnly = 0x19
  case tryAnotherCard = 0x1C
  case clear = 0x1E
  case seePhone = 0x20
  case presentAgain = 0x21
}

/// How a tap ended that gave no record.
public enum TapFailure: Error, Equatable, Sendable {
  /// The card left, or the radio failed, before it had said all.
  case torn
  /// More than one card in the field.
  case severalCards
  /// The holder has to do something on the device first (status 6986).
  case seePhone
  /// The card wants another interface (status 6984), or has no EMV mode.
  case otherInterface
  /// No payment application that this reader takes; or no payment card at all.
  case noApplication
  /// The amount is above what may be paid by tapping.
  case aboveLimit
  /// The card itself declines: it answered with an AAC.
  case declined
  /// The card broke the rules.
  case fault(CardFault)

  public var prompt: Prompt {
    switch self {
    case .torn: .presentAgain
    case .severalCards: .presentOneCardOnly
    case .seePhone: .seePhone
    case .otherInterface, .aboveLimit: .insertOrSwipe
    case .noApplication, .fault: .tryAnotherCard
    case .declined: .notAuthorised
    }
  }
}
