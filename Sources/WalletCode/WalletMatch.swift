// Whose payment code a line is, and by which rule. Codes of digits collide with each other and with
// card numbers: a code is told by its length and its first digits, the other claimant is named, and
// nothing here ever becomes a card.

import Octets

/// Whose code it is. The raw values are published in docs/PROTOCOL.md and never change meaning.
public enum Wallet: UInt8, Sendable, BitwiseCopyable {
  case unknown = 0
  case alipay = 1
  case alipayPlus = 2
  case weChatPay = 3
  case unionPay = 4
  /// A consumer-presented code by EMVCo's specification: its application names the scheme.
  case emvCo = 5

  /// The operator's own spelling of its name.
  public var name: StaticString {
    switch self {
    case .unknown: "unknown"
    case .alipay: "Alipay"
    case .alipayPlus: "Alipay+"
    case .weChatPay: "WeChat Pay"
    case .unionPay: "UnionPay"
    case .emvCo: "EMVCo"
    }
  }
}

/// The wallet of a code and why it was chosen.
public struct WalletMatch: Equatable, Sendable, BitwiseCopyable {
  public let wallet: Wallet
  /// First digits and numbers of digits that decided, such as `10-15, 18`; `none` when unknown.
  private let decided: Rule
  /// Another wallet whose published rules take the same code.
  public let overlaps: Wallet?

  public var rule: StaticString { decided.text }

  /// The digits of a card number (ISO/IEC 7812-1): a code of as many may look like one.
  public static let cardNumberLengths = 12...19

  private enum Rule: UInt8 {
    case none, emvCo, weChatPay, unionPay, alipay, alipayLong, alipayPlus, alipayPlusReserved
    case alipayPlusLegacy, alipayOrLegacy

    var text: StaticString {
      switch self {
      case .none: "none"
      case .emvCo: "CPV01"
      case .weChatPay: "10-15, 18"
      case .unionPay: "62, 19"
      case .alipay: "25-30, 16-19"
      case .alipayLong: "25-30, 20-23"
      case .alipayPlus: "25-30, 24"
      case .alipayPlusReserved: "25-30, 25-32"
      case .alipayPlusLegacy: "289...6....., 19"
      case .alipayOrLegacy: "28, 17-19"
      }
    }
  }

  private init(_ wallet: Wallet, _ rule: Rule, overlaps: Wallet? = nil) {
    self.wallet = wallet
    self.decided = rule
    self.overlaps = overlaps
  }

  static var unknown: WalletMatch { WalletMatch(.unknown, .none) }
  static var emvCo: WalletMatch { WalletMatch(.emvCo, .emvCo) }

  /// Decides for a code of nothing but digits; anything else is unknown here.
  ///
  /// Sources: Alipay+ "Code Format Specification" and "Code types and rules" (24 digits are its
  /// mainstream, 20 to 23 and 25 to 32 reserved; older ones begin with 28); Alipay's barcode
  /// payment (16 to 24 digits, 25 to 30); WeChat Pay "Micropay" (18 digits, 10 to 15). UnionPay's
  /// codes of 19 digits that begin with 62 are seen in the field but not published.
  static func ofDigits(_ code: Span<UInt8>) -> WalletMatch {
    guard (16...32).contains(code.count) else { return .unknown }
    for index in code.indices where !ScannedText.isDigit(code[index]) { return .unknown }
    let prefix = Int(code[0] - UInt8(ascii: "0")) * 10 + Int(code[1] - UInt8(ascii: "0"))
    return switch (prefix, code.count) {
    case (10...15, 18): WalletMatch(.weChatPay, .weChatPay)
    case (62, 19): WalletMatch(.unionPay, .unionPay)
    case (25...30, 24): WalletMatch(.alipayPlus, .alipayPlus, overlaps: .alipay)
    case (25...30, 25...32): WalletMatch(.alipayPlus, .alipayPlusReserved)
    case (25...30, 20...23): WalletMatch(.alipay, .alipayLong, overlaps: .alipayPlus)
    case (28, 17...19): twentyEight(code)
    case (25...30, 16...19): WalletMatch(.alipay, .alipay)
    default: .unknown
    }
  }

  /// Alipay+ took over codes that begin with 28. Of those with 19 digits it knows its own by the
  /// third digit and the sixth from the end.
  private static func twentyEight(_ code: Span<UInt8>) -> WalletMatch {
    let isOwn =
      code.count == 19 && code[2] == UInt8(ascii: "9") && code[13] == UInt8(ascii: "6")
    return isOwn
      ? WalletMatch(.alipayPlus, .alipayPlusLegacy, overlaps: .alipay)
      : WalletMatch(.alipay, .alipayOrLegacy, overlaps: .alipayPlus)
  }

  public static func == (left: WalletMatch, right: WalletMatch) -> Bool {
    left.wallet == right.wallet && left.decided == right.decided
      && left.overlaps == right.overlaps
  }
}
