import Identity
import Octets
import Testing

@Suite("A card number")
struct PANTests {
  /// The schemes' public test numbers; ISO/IEC 7812-1 annex B gives 49927398716 as "Luhn" example.
  @Test(
    "passes the Luhn check when its check digit is right",
    arguments: [
      "4111111111111111", "5555555555554444", "378282246310005", "30569309025904",
      "6011111111111117", "3530111333300000", "6200000000000005", "2201382000000013",
      "49927398716", "4222222222222",
    ])
  func luhn(pan: String) {
    let digits = Array(pan.utf8)
    let passes = PAN.passesLuhn(digits.span)
    #expect(passes)
    for place in digits.indices {
      var changed = digits
      changed[place] = changed[place] == 0x39 ? 0x30 : changed[place] + 1
      let stillPasses = PAN.passesLuhn(changed.span)
      #expect(!stillPasses, "digit \(place) changed")
    }
  }

  @Test(
    "is 8 to 19 digits",
    arguments: [
      ("1234567", false), ("12345674", true), ("1234567890123456789", true),
      ("12345678901234567890", false), ("4111 1111 1111 1111", false), ("411111111111111:", false),
      ("411111111111111/", false), ("", false),
    ])
  func wellFormed(pan: String, isWellFormed: Bool) {
    let digits = Array(pan.utf8)
    #expect(PAN.isWellFormed(digits.span) == isWellFormed)
    let passes = PAN.passesLuhn(digits.span)
    #expect(isWellFormed || !passes)
  }
}

@Suite("The scheme of a card")
struct SchemeTests {
  @Test(
    "comes with the rule that decided",
    arguments: [
      ("4111111111111111", CardScheme.visa, "4"), ("5555555555554444", .mastercard, "51-55"),
      ("2221000000000009", .mastercard, "2221-2720"),
      ("2720999999999990", .mastercard, "2221-2720"),
      ("378282246310005", .amex, "37"), ("341111111111111", .amex, "34"),
      ("30569309025904", .diners, "300-305"), ("36148900647913", .diners, "36"),
      ("3095000000000000", .diners, "3095"), ("38520000023237", .diners, "38-39"),
      ("6011111111111117", .discover, "6011"), ("6445644564456445", .discover, "644-649"),
      ("6500000000000002", .discover, "65"), ("3541000000000000", .jcb, "3528-3589"),
      ("180000000000002", .jcb, "1800"), ("213100000000001", .jcb, "2131"),
      ("6200000000000005", .unionPay, "620-629"),
      ("6759649826438453", .maestro, "67"), ("5018000000000009", .maestro, "500000-506698"),
      ("5700000000000018", .maestro, "56-59"), ("6304000000000000", .maestro, "63"),
      ("2201382000000013", .mir, "2200-2204"), ("6069850000000000", .ruPay, "606985-607984"),
      ("6080010000000000", .ruPay, "608001-608500"), ("8172000000000000", .ruPay, "8172-829"),
      ("5066991111111118", .elo, "506699-506778"), ("6062826786276634", .hipercard, "606282"),
      ("9792000000000001", .troy, "9792"),
    ])
  func decided(pan: String, scheme: CardScheme, rule: String) {
    let match = SchemeMatch(pan: Array(pan.utf8).span)
    #expect(match.scheme == scheme)
    #expect("\(match.rule)" == rule)
    #expect(match.overlaps == nil)
  }

  @Test(
    "names the other scheme that claims the same digits",
    arguments: [
      ("6221260000000000", CardScheme.unionPay, CardScheme.discover, "620-629"),
      ("6229259999999999", .unionPay, .discover, "620-629"),
      ("8171999927660000", .unionPay, .ruPay, "810-8171"),
      ("4936980000000000", .maestro, .visa, "493698"),
      ("4571000000000001", .visa, .dankort, "4"),
      ("5019555544445555", .dankort, .maestro, "5019"),
      ("5085000000000000", .ruPay, .maestro, "508500-508999"),
      ("6521500000000000", .ruPay, .discover, "652150-653149"),
      ("3530111333300000", .jcb, .ruPay, "3528-3589"),
      ("4011780000000000", .elo, .visa, "401178-401179"),
      ("6500020000000000", .verve, .discover, "650002-650027"),
      ("5060990000000000", .verve, .maestro, "506099-506198"),
    ])
  func overlapping(pan: String, scheme: CardScheme, other: CardScheme, rule: String) {
    let match = SchemeMatch(pan: Array(pan.utf8).span)
    #expect(match.scheme == scheme)
    #expect(match.overlaps == other)
    #expect("\(match.rule)" == rule)
  }

  @Test(
    "changes exactly at the ends of a range",
    arguments: [
      ("222099", CardScheme.unknown), ("222100", .mastercard), ("272099", .mastercard),
      ("272100", .unknown), ("352799", .unknown), ("352800", .jcb), ("358999", .jcb),
      ("359000", .unknown), ("219999", .unknown), ("220499", .mir), ("220500", .unknown),
      ("309499", .unknown), ("309600", .unknown), ("306000", .unknown), ("399999", .diners),
      ("400000", .visa), ("499999", .visa), ("500000", .maestro), ("509999", .elo),
      ("510000", .mastercard), ("559999", .mastercard), ("560000", .maestro),
      ("599999", .maestro), ("600000", .unknown), ("601099", .unknown), ("601200", .unknown),
      ("620000", .unionPay), ("629999", .unionPay), ("640000", .unknown), ("643999", .unknown),
      ("644000", .discover), ("660000", .unknown), ("669999", .unknown), ("680000", .unknown),
      ("809999", .unknown), ("817199", .unionPay), ("817200", .ruPay), ("830000", .unknown),
      ("979199", .unknown), ("979300", .unknown), ("506698", .maestro), ("506779", .maestro),
    ])
  func boundary(prefix: String, scheme: CardScheme) {
    let match = SchemeMatch(pan: Array((prefix + "0000000000").utf8).span)
    #expect(match.scheme == scheme)
    if scheme == .unknown { #expect("\(match.rule)" == "none") }
  }

  @Test("is unknown without six digits", arguments: ["", "41111", "41111a1111111111"])
  func tooShort(pan: String) {
    #expect(SchemeMatch(pan: Array(pan.utf8).span).scheme == .unknown)
  }

  @Test("has a published number and a name")
  func published() {
    let names = (0...15).map { CardScheme(rawValue: $0).map { "\($0.name)" } }
    #expect(
      names == [
        "unknown", "Visa", "Mastercard", "American Express", "Diners Club", "Discover", "JCB",
        "UnionPay", "Maestro", "Mir", "RuPay", "Elo", "Hipercard", "Verve", "Troy", "Dankort",
      ])
    #expect(CardScheme(rawValue: 16) == nil)
  }
}

@Suite("A masked card number")
struct MaskTests {
  private func mask(_ pan: String, _ policy: MaskPolicy) throws -> String {
    var text = Bytes<24>()
    try policy.mask(Array(pan.utf8).span, into: &text)
    return String(decoding: (0..<text.count).map { text[$0] }, as: UTF8.self)
  }

  @Test(
    "shows six and four digits at most and hides five at least",
    arguments: [
      ("4111111111111111", "411111******1111"), ("1234567890123456789", "123456*********6789"),
      ("378282246310005", "378282*****0005"), ("30569309025904", "30569*****5904"),
      ("4222222222222", "4222*****2222"), ("499273987169", "499*****7169"),
      ("123456789", "*****6789"), ("12345674", "*****674"),
    ])
  func widest(pan: String, masked: String) throws {
    #expect(try mask(pan, .widest) == masked)
  }

  @Test("shows what its policy allows, for every policy and length")
  func everyPolicy() throws {
    for leading in 0...6 {
      for trailing in 0...4 {
        let policy = try #require(MaskPolicy(leading: leading, trailing: trailing))
        for length in 8...19 {
          let masked = try mask(String(repeating: "7", count: length), policy)
          #expect(masked.count == length)
          #expect(masked.prefix { $0 == "7" }.count <= leading)
          #expect(masked.reversed().prefix { $0 == "7" }.count <= trailing)
          #expect(masked.filter { $0 == "*" }.count >= 5)
          if length >= 15 {
            #expect(masked.filter { $0 == "7" }.count == leading + trailing)
          }
        }
      }
    }
  }

  @Test(
    "hides altogether what is no card number",
    arguments: ["1234567", "12345678901234567890", "4111111111111 11", "x"])
  func noPAN(text: String) throws {
    #expect(try mask(text, .widest) == String(repeating: "*", count: text.utf8.count))
  }

  @Test("cannot be configured to show more", arguments: [(7, 4), (6, 5), (-1, 4), (6, -1)])
  func refused(leading: Int, trailing: Int) {
    #expect(MaskPolicy(leading: leading, trailing: trailing) == nil)
  }

  @Test("does not fit a smaller buffer")
  func overflow() {
    var text = Bytes<15>()
    #expect(throws: Overflow()) {
      try MaskPolicy.widest.mask(Array("4111111111111111".utf8).span, into: &text)
    }
    #expect(text.count == 0)
  }
}

@Suite("The expiry of a card")
struct ExpiryTests {
  /// Milliseconds of the dates from `date -u -d … +%s`.
  @Test(
    "is held against the calendar day",
    arguments: [
      (UInt64(0), 1970, 1, 1), (951_782_400_000, 2000, 2, 29), (951_868_799_999, 2000, 2, 29),
      (951_868_800_000, 2000, 3, 1), (1_767_225_599_999, 2025, 12, 31),
      (1_767_225_600_000, 2026, 1, 1), (4_107_542_400_000, 2100, 3, 1),
    ])
  func calendar(milliseconds: UInt64, year: Int, month: Int, day: Int) {
    let date = CalendarDay(unixMilliseconds: milliseconds)
    #expect((date.year, date.month, date.day) == (year, month, day))
  }

  @Test("follows the clock of the place")
  func offsets() {
    let newYear: UInt64 = 1_767_225_600_000
    let west = CalendarDay(unixMilliseconds: newYear, offsetMinutes: -1)
    #expect((west.year, west.month, west.day) == (2025, 12, 31))
    let east = CalendarDay(unixMilliseconds: newYear - 1, offsetMinutes: 1)
    #expect((east.year, east.month, east.day) == (2026, 1, 1))
    let before = CalendarDay(unixMilliseconds: 0, offsetMinutes: -60)
    #expect((before.year, before.month, before.day) == (1969, 12, 31))
    #expect(west < east && before < west)
    #expect(CalendarDay(unixMilliseconds: .max, offsetMinutes: .max).year > 500_000_000)
  }

  @Test(
    "reads YYMM with years 50 to 99 in the last century",
    arguments: [
      ("2812", 2028, 12), ("0001", 2000, 1), ("4912", 2049, 12), ("5001", 1950, 1),
      ("9909", 1999, 9),
    ])
  func reading(text: String, year: Int, month: Int) throws {
    let expiry = try Expiry(Array(text.utf8).span)
    #expect((expiry.year, expiry.month) == (year, month))
  }

  @Test(
    "refuses what is no month",
    arguments: [
      ("2800", ExpiryError.noSuchMonth), ("2813", .noSuchMonth), ("281", .notFourDigits),
      ("28121", .notFourDigits), ("====", .notFourDigits), ("", .notFourDigits),
    ])
  func refused(text: String, error: ExpiryError) {
    #expect(throws: error) { try Expiry(Array(text.utf8).span) }
  }

  @Test(
    "lets a card be used through the last day of its month",
    arguments: [
      (UInt64(1_772_323_199_999), false),  // 2026-02-28 23:59:59.999
      (1_772_323_200_000, true),  // 2026-03-01
      (1_767_225_599_999, false),  // 2025-12-31
      (1_798_761_600_000, true),  // 2027-01-01
    ])
  func expiring(now: UInt64, isExpired: Bool) throws {
    let expiry = try Expiry(Array("2602".utf8).span)
    #expect(expiry.isExpired(on: CalendarDay(unixMilliseconds: now)) == isExpired)
  }
}

@Suite("A service code")
struct ServiceCodeTests {
  @Test(
    "says where, by whom and how a card may be used (ISO/IEC 7813)",
    arguments: [
      ("101", "international", false, "normal", "no restrictions", "no PIN"),
      ("201", "international", true, "normal", "no restrictions", "no PIN"),
      ("226", "international", true, "issuer, online", "no restrictions", "PIN where feasible"),
      (
        "540", "national", false, "issuer, online, unless agreed otherwise", "no restrictions",
        "PIN required"
      ),
      ("602", "national", true, "normal", "goods and services only", "no PIN"),
      ("703", "private", false, "normal", "cash machines only", "PIN required"),
      ("904", "test", false, "normal", "cash only", "no PIN"),
      ("225", "international", true, "issuer, online", "goods and services only", "PIN required"),
      ("207", "international", true, "normal", "goods and services only", "PIN where feasible"),
      ("338", "reserved", false, "reserved", "reserved", "reserved"),
      ("019", "reserved", false, "reserved", "reserved", "reserved"),
    ])
  func meaning(
    text: String, interchange: String, hasChip: Bool, authorisation: String, services: String,
    pin: String
  ) throws {
    let parsed = ServiceCode(Array(text.utf8).span)
    let code = try #require(parsed)
    #expect("\(code.interchange.name)" == interchange)
    #expect(code.hasChip == hasChip)
    #expect("\(code.authorisation.name)" == authorisation)
    #expect("\(code.services.name)" == services)
    #expect("\(code.pin.name)" == pin)
  }

  @Test("is three digits", arguments: ["", "20", "2011", "2 1", "==="])
  func refused(text: String) {
    #expect(ServiceCode(Array(text.utf8).span) == nil)
  }
}
