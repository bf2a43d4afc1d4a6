// Which payment scheme issued a card, told from the first six digits of its number, and by which
// rule. The public tables contradict each other, so the rule and the other claimant are named.

/// A payment scheme. The raw values are published in docs/PROTOCOL.md and never change meaning.
public enum CardScheme: UInt8, Sendable, BitwiseCopyable {
  case unknown = 0
  case visa = 1
  case mastercard = 2
  case amex = 3
  case diners = 4
  case discover = 5
  case jcb = 6
  case unionPay = 7
  case maestro = 8
  case mir = 9
  case ruPay = 10
  case elo = 11
  case hipercard = 12
  case verve = 13
  case troy = 14
  case dankort = 15

  /// The scheme's own spelling of its name.
  public var name: StaticString {
    switch self {
    case .unknown: "unknown"
    case .visa: "Visa"
    case .mastercard: "Mastercard"
    case .amex: "American Express"
    case .diners: "Diners Club"
    case .discover: "Discover"
    case .jcb: "JCB"
    case .unionPay: "UnionPay"
    case .maestro: "Maestro"
    case .mir: "Mir"
    case .ruPay: "RuPay"
    case .elo: "Elo"
    case .hipercard: "Hipercard"
    case .verve: "Verve"
    case .troy: "Troy"
    case .dankort: "Dankort"
    }
  }
}

/// The scheme of a card number and why it was chosen.
public struct SchemeMatch: Sendable, BitwiseCopyable {
  public let scheme: CardScheme
  /// The range of leading digits that decided, such as "2221-2720"; "none" for an unknown scheme.
  public let rule: StaticString
  /// Another scheme that public tables give the same digits to.
  public let overlaps: CardScheme?

  init(_ scheme: CardScheme, _ rule: StaticString, overlaps: CardScheme? = nil) {
    self.scheme = scheme
    self.rule = rule
    self.overlaps = overlaps
  }

  /// Decides by the first six digits of `pan`; fewer, or anything but digits, is unknown.
  public init(pan: Span<UInt8>) {
    guard let prefix = PAN.leading(6, of: pan) else {
      self.init(.unknown, "none")
      return
    }
    self = Self.decide(prefix)
  }

  /// Sources: braintree/credit-card-type `card-types.ts`, Wikipedia "Payment card number", NPCI's
  /// RuPay ranges. Within a function the first rule that holds decides.
  private static func decide(_ prefix: Int) -> SchemeMatch {
    switch prefix / 100_000 {
    case 1, 2, 3: travel(prefix)
    case 4: four(prefix)
    case 5: five(prefix)
    case 6: six(prefix)
    default: others(prefix)
    }
  }

  private static func travel(_ prefix: Int) -> SchemeMatch {
    switch prefix {
    case 180000...180099: .init(.jcb, "1800")
    case 213100...213199: .init(.jcb, "2131")
    case 220000...220499: .init(.mir, "2200-2204")
    case 222100...272099: .init(.mastercard, "2221-2720")
    case 300000...305999: .init(.diners, "300-305")
    case 309500...309599: .init(.diners, "3095")
    case 340000...349999: .init(.amex, "34")
    // RuPay's credit cards abroad run on JCB's network.
    case 353000...353999: .init(.jcb, "3528-3589", overlaps: .ruPay)
    case 356000...356999: .init(.jcb, "3528-3589", overlaps: .ruPay)
    case 352800...358999: .init(.jcb, "3528-3589")
    case 360000...369999: .init(.diners, "36")
    case 370000...379999: .init(.amex, "37")
    case 380000...399999: .init(.diners, "38-39")
    default: .init(.unknown, "none")
    }
  }

  private static func four(_ prefix: Int) -> SchemeMatch {
    switch prefix {
    case 401178...401179: .init(.elo, "401178-401179", overlaps: .visa)
    case 431274: .init(.elo, "431274", overlaps: .visa)
    case 438935: .init(.elo, "438935", overlaps: .visa)
    case 451416: .init(.elo, "451416", overlaps: .visa)
    case 457393: .init(.elo, "457393", overlaps: .visa)
    case 457631...457632: .init(.elo, "457631-457632", overlaps: .visa)
    case 493698: .init(.maestro, "493698", overlaps: .visa)
    // Dankort with Visa on the other side.
    case 457100...457199: .init(.visa, "4", overlaps: .dankort)
    default: .init(.visa, "4")
    }
  }

  private static func five(_ prefix: Int) -> SchemeMatch {
    switch prefix {
    case 501900...501999: .init(.dankort, "5019", overlaps: .maestro)
    case 504175: .init(.elo, "504175", overlaps: .maestro)
    case 506099...506198: .init(.verve, "506099-506198", overlaps: .maestro)
    case 506699...506778: .init(.elo, "506699-506778")
    case 507865...507964: .init(.verve, "507865-507964", overlaps: .maestro)
    case 508500...508999: .init(.ruPay, "508500-508999", overlaps: .maestro)
    case 509000...509999: .init(.elo, "509")
    case 500000...506698: .init(.maestro, "500000-506698")
    case 506779...508499: .init(.maestro, "506779-508499")
    case 510000...559999: .init(.mastercard, "51-55")
    default: .init(.maestro, "56-59")
    }
  }

  private static func six(_ prefix: Int) -> SchemeMatch {
    switch prefix {
    case 601100...601199: .init(.discover, "6011")
    case 606282: .init(.hipercard, "606282")
    case 606985...607984: .init(.ruPay, "606985-607984")
    case 608001...608500: .init(.ruPay, "608001-608500")
    case 627780: .init(.elo, "627780", overlaps: .unionPay)
    // UnionPay's cards, which Discover's network carries in the United States.
    case 622126...622925: .init(.unionPay, "620-629", overlaps: .discover)
    case 620000...629999: .init(.unionPay, "620-629")
    case 636297: .init(.elo, "636297", overlaps: .maestro)
    case 636368: .init(.elo, "636368", overlaps: .maestro)
    case 630000...639999: .init(.maestro, "63")
    case 644000...649999: .init(.discover, "644-649")
    case 650000...659999: sixtyFive(prefix)
    case 670000...679999: .init(.maestro, "67")
    default: .init(.unknown, "none")
    }
  }

  /// Discover's 65, inside which others were given ranges.
  private static func sixtyFive(_ prefix: Int) -> SchemeMatch {
    switch prefix {
    case 650002...650027: .init(.verve, "650002-650027", overlaps: .discover)
    case 650031...650033: .init(.elo, "650031-650033", overlaps: .discover)
    case 650035...650051: .init(.elo, "650035-650051", overlaps: .discover)
    case 650405...650439: .init(.elo, "650405-650439", overlaps: .discover)
    case 650485...650538: .init(.elo, "650485-650538", overlaps: .discover)
    case 650541...650598: .init(.elo, "650541-650598", overlaps: .discover)
    case 650700...650718: .init(.elo, "650700-650718", overlaps: .discover)
    case 650720...650727: .init(.elo, "650720-650727", overlaps: .discover)
    case 650901...650978: .init(.elo, "650901-650978", overlaps: .discover)
    case 651652...651679: .init(.elo, "651652-651679", overlaps: .discover)
    case 652150...653149: .init(.ruPay, "652150-653149", overlaps: .discover)
    case 655000...655019: .init(.elo, "655000-655019", overlaps: .discover)
    case 655021...655058: .init(.elo, "655021-655058", overlaps: .discover)
    default: .init(.discover, "65")
    }
  }

  private static func others(_ prefix: Int) -> SchemeMatch {
    switch prefix {
    case 810000...817199: .init(.unionPay, "810-8171", overlaps: .ruPay)
    case 817200...829999: .init(.ruPay, "8172-829")
    case 979200...979299: .init(.troy, "9792")
    default: .init(.unknown, "none")
    }
  }
}
