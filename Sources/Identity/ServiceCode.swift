// The three digits of a stripe that say where and how a card may be used (ISO/IEC 7813). They do
// not say whether it is a debit or a credit card.

/// A service code taken apart.
public struct ServiceCode: Equatable, Sendable, BitwiseCopyable {
  /// First digit: where the card may be used.
  public enum Interchange: Sendable, BitwiseCopyable {
    case international
    case national
    /// No interchange except under a bilateral agreement.
    case bilateral
    case test
    case reserved

    public var name: StaticString {
      switch self {
      case .international: "international"
      case .national: "national"
      case .bilateral: "private"
      case .test: "test"
      case .reserved: "reserved"
      }
    }
  }

  /// Second digit: who authorises.
  public enum Authorisation: Sendable, BitwiseCopyable {
    case normal
    /// The issuer, online.
    case issuer
    /// The issuer, online, except under a bilateral agreement.
    case issuerUnlessBilateral
    case reserved

    public var name: StaticString {
      switch self {
      case .normal: "normal"
      case .issuer: "issuer, online"
      case .issuerUnlessBilateral: "issuer, online, unless agreed otherwise"
      case .reserved: "reserved"
      }
    }
  }

  /// Third digit: what the card may buy.
  public enum Services: Sendable, BitwiseCopyable {
    case unrestricted
    case goodsAndServices
    case cashMachine
    case cash
    case reserved

    public var name: StaticString {
      switch self {
      case .unrestricted: "no restrictions"
      case .goodsAndServices: "goods and services only"
      case .cashMachine: "cash machines only"
      case .cash: "cash only"
      case .reserved: "reserved"
      }
    }
  }

  /// Third digit: whether a PIN is asked for.
  public enum PINRule: Sendable, BitwiseCopyable {
    case none
    case required
    /// Where there is a PIN pad.
    case whereFeasible
    case reserved

    public var name: StaticString {
      switch self {
      case .none: "no PIN"
      case .required: "PIN required"
      case .whereFeasible: "PIN where feasible"
      case .reserved: "reserved"
      }
    }
  }

  public let interchange: Interchange
  /// The card has a chip that should be used where feasible.
  public let hasChip: Bool
  public let authorisation: Authorisation
  public let services: Services
  public let pin: PINRule

  /// `code` is the three ASCII digits after the expiry date. Nil for anything else: a track may
  /// leave them out.
  public init?(_ code: Span<UInt8>) {
    guard code.count == 3, let digits = PAN.leading(3, of: code) else { return nil }
    (interchange, hasChip) = Self.first(digits / 100)
    authorisation = Self.second(digits / 10 % 10)
    (services, pin) = Self.third(digits % 10)
  }

  private static func first(_ digit: Int) -> (Interchange, Bool) {
    switch digit {
    case 1: (.international, false)
    case 2: (.international, true)
    case 5: (.national, false)
    case 6: (.national, true)
    case 7: (.bilateral, false)
    case 9: (.test, false)
    default: (.reserved, false)
    }
  }

  private static func second(_ digit: Int) -> Authorisation {
    switch digit {
    case 0: .normal
    case 2: .issuer
    case 4: .issuerUnlessBilateral
    default: .reserved
    }
  }

  private static func third(_ digit: Int) -> (Services, PINRule) {
    switch digit {
    case 0: (.unrestricted, .required)
    case 1: (.unrestricted, .none)
    case 2: (.goodsAndServices, .none)
    case 3: (.cashMachine, .required)
    case 4: (.cash, .none)
    case 5: (.goodsAndServices, .required)
    case 6: (.unrestricted, .whereFeasible)
    case 7: (.goodsAndServices, .whereFeasible)
    default: (.reserved, .reserved)
    }
  }
}
