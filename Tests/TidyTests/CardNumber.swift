// Tells numbers that could be somebody's card from the published ones of test cards.

enum CardNumber {
  /// Numbers that payment schemes, processors and standards publish for tests.
  static let ofTestCards: Set<String> = [
    // Visa
    "4111111111111111", "4012888888881881", "4242424242424242", "4000056655665556",
    "4222222222222", "4012345678909", "4761739001010010", "4761739001010119", "4005550000000019",
    "4917610000000000003",
    // Mastercard and Maestro
    "5555555555554444", "5105105105105100", "5200828282828210", "5454545454545454",
    "2223003122003222", "2223000048400011", "5413330089020011", "6759649826438453",
    "6799990100000000019", "6304000000000000",
    // American Express, Discover, Diners Club, JCB, UnionPay, Dankort
    "378282246310005", "371449635398431", "378734493671000", "341111111111111",
    "6011111111111117", "6011000990139424", "30569309025904", "38520000023237",
    "36227206271667", "36148900647913", "6445644564456445", "3530111333300000", "3566002020360505",
    "6200000000000005",
    "6240008631401148", "5019717010103742", "5019555544445555",
    // Elo, Hipercard
    "5066991111111118", "6062826786276634",
    // No card at all: Alipay's example of a payment code
    "28024456785672301",
  ]

  /// Whether `digits` are published, or made up at the edge of a scheme's range: six zeros in a row
  /// are no account that an issuer's generator gives out.
  static func isForTests(_ digits: String) -> Bool {
    ofTestCards.contains(digits) || digits.contains("000000")
  }

  /// Runs of 13 to 19 digits that begin like a card of a big scheme and pass the Luhn check.
  static func all(in line: String) -> [String] {
    let shape = #/(?:^|[^0-9A-Za-z_.]|%B)([2-6][0-9]{12,18})(?![0-9A-Za-z_.])/#
    return line.matches(of: shape).map { String($0.output.1) }.filter(passesLuhn)
  }

  /// ISO/IEC 7812-1 annex B.
  static func passesLuhn(_ digits: String) -> Bool {
    let sum = digits.reversed().enumerated().reduce(0) { sum, digit in
      let value = digit.element.wholeNumberValue ?? 0
      let doubled = value * 2 > 9 ? value * 2 - 9 : value * 2
      return sum + (digit.offset % 2 == 1 ? doubled : value)
    }
    return sum % 10 == 0
  }
}
