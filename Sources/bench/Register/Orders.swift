// What one types at `bench register`: one order a line, its options as name=value.

import Link
import Octets

enum Order {
  case pay(PaymentRequest)
  case report(OutcomeReport)
  case tip(Choice)
  /// A code that the merchant shows; its template is the station's.
  case code(CodeRequest)
  case abort(Reference)
  case status(Reference)
  case totals
  case close
  case diagnosis
  case time
  /// Reads no further until the open transaction is at this step; `end` is its end.
  case wait(String)
  case quit

  static let help = """
    pay AMOUNT [ref=TEXT] [kind=sale|refund|reversal|read|tab|completion] [original=REF]
        [currency=EUR] [methods=stripe,tap,code|none] [seconds=60] [outcome=SECONDS|none]
        [limit-stripe=AMOUNT] [limit-tap=AMOUNT] [limit-code=AMOUNT] [tip=AMOUNT|PERCENT%|ask]
        [table=TEXT] [check=TEXT] [part=1/3] [chip=taken|after-tap|never] [steps=no]
    report approved|less|declined|failed [ref=REF] [amount=AMOUNT] [code=TEXT]
        [reason=NUMBER] [sign=yes]
    code AMOUNT [ref=TEXT] [currency=EUR]     (what a screen shows as QR code, see --merchant-code)
    tip AMOUNT [ref=REF]     abort [REF]     status [REF]     totals     close     diagnosis
    time     wait STEP|end     quit
    y [CODE] approves, n declines, a aborts. REF is the last transaction unless it is said.
    """
}

/// An order that is none, in words.
struct Mistake: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Understands orders; remembers the last transaction, which most of them are about.
struct OrderBook {
  private(set) var latest: PaymentRequest?
  private let prefix: String
  private var count = 0

  /// References of payments that have none begin with `prefix`, which is never used twice.
  init(prefix: String) { self.prefix = prefix }

  /// Nil for an empty line and for a comment.
  mutating func read(_ line: String) throws(Mistake) -> Order? {
    var words = Words(line)
    guard let verb = words.first(), !verb.hasPrefix("#") else { return nil }
    let order = try read(verb, &words)
    if let left = words.left { throw Mistake("'\(left)' is not understood after '\(verb)'") }
    return order
  }

  private mutating func read(_ verb: String, _ words: inout Words) throws(Mistake) -> Order {
    switch verb {
    case "pay":
      let request = try payment(&words)
      latest = request
      return .pay(request)
    case "report": return .report(try report(try words.next("outcome"), &words))
    case "y":
      var report = OutcomeReport(.approved, try reference(nil))
      report.approval = try label(words.first(), "code")
      return .report(report)
    case "n": return .report(OutcomeReport(.declined, try reference(nil)))
    case "tip":
      let tip = try amount(try words.next("amount"))
      return .tip(Choice(try reference(words.take("ref")), tip: tip))
    case "code": return .code(try code(&words))
    case "abort", "a": return .abort(try reference(words.first()))
    case "status": return .status(try reference(words.first()))
    case "totals": return .totals
    case "close": return .close
    case "diagnosis": return .diagnosis
    case "time": return .time
    case "wait": return .wait(words.rest())
    case "quit", "q": return .quit
    default: throw Mistake("'\(verb)' is no order")
    }
  }

  private mutating func code(_ words: inout Words) throws(Mistake) -> CodeRequest {
    let sum = try words.next("amount")
    let currency = try Money.currency(words.take("currency") ?? "EUR")
    let places = Currency.exponent(currency)
    return CodeRequest(
      reference: try reference(orNext: words.take("ref")),
      amount: try Money.minorUnits(sum, places), currency: currency, exponent: places,
      template: 0..<0)
  }

  private mutating func reference(orNext word: String?) throws(Mistake) -> Reference {
    count += 1
    return try named(word ?? "\(prefix)-\(count)")
  }

  private mutating func payment(_ words: inout Words) throws(Mistake) -> PaymentRequest {
    let sum = try words.next("amount")
    let currency = try Money.currency(words.take("currency") ?? "EUR")
    let places = Currency.exponent(currency)
    var request = PaymentRequest(
      reference: try reference(orNext: words.take("ref")),
      amount: try Money.minorUnits(sum, places), currency: currency, exponent: places,
      timeoutSeconds: try number(words.take("seconds") ?? "60"),
      methods: try methods(words.take("methods") ?? "stripe"))
    if let kind = words.take("kind") { request.kind = try choose(kind, Self.kinds) }
    if let original = words.take("original") { request.original = try named(original) }
    let outcome = words.take("outcome") ?? "120"
    request.outcomeSeconds = outcome == "none" ? nil : try number(outcome)
    request.limits.magneticStripe = try limit(words.take("limit-stripe"), places)
    request.limits.contactless = try limit(words.take("limit-tap"), places)
    request.limits.walletCode = try limit(words.take("limit-code"), places)
    if let tip = words.take("tip") { request.tip = try self.tip(tip, places) }
    request.table = try label(words.take("table"), "table")
    request.check = try label(words.take("check"), "check")
    if let part = words.take("part") { request.part = try self.part(part) }
    if let chip = words.take("chip") { request.chipPolicy = try choose(chip, Self.policies) }
    request.showsSteps = words.take("steps") != "no"
    return try tried(request)
  }

  /// The request as the controller would read it.
  private func tried(_ request: PaymentRequest) throws(Mistake) -> PaymentRequest {
    var bytes = MessageBytes()
    do {
      try RegisterMessage.payment(request).encode(into: &bytes)
      _ = try bytes.withBytes { try RegisterMessage(decoding: $0) }
    } catch { throw Mistake("not a payment that can be: \(error) (docs/PROTOCOL.md section 5)") }
    return request
  }

  private static let kinds: [(String, TransactionKind)] = [
    ("sale", .sale), ("refund", .refund), ("reversal", .reversal), ("read", .cardAcquisition),
    ("tab", .preAuthorisation), ("completion", .completion),
  ]
  private static let policies: [(String, ChipPolicy)] = [
    ("taken", .accept), ("after-tap", .acceptAfterFailedTap), ("never", .refuse),
  ]
  private static let outcomes: [(String, Outcome)] = [
    ("approved", .approved), ("less", .partlyApproved), ("declined", .declined),
    ("failed", .failed),
  ]

  private func choose<Value>(
    _ word: String, _ table: [(String, Value)]
  ) throws(Mistake) -> Value {
    guard let found = table.first(where: { $0.0 == word }) else {
      throw Mistake("'\(word)' is none of \(table.map(\.0).joined(separator: ", "))")
    }
    return found.1
  }

  private func report(
    _ word: String, _ words: inout Words
  ) throws(Mistake) -> OutcomeReport {
    var report = OutcomeReport(
      try choose(word, Self.outcomes), try reference(words.take("ref")))
    if let amount = words.take("amount") { report.amount = try self.amount(amount) }
    report.approval = try label(words.take("code"), "code")
    if let reason = words.take("reason") { report.reason = Reason(rawValue: try number(reason)) }
    report.needsSignature = words.take("sign") == "yes"
    if report.outcome == .partlyApproved, report.amount == nil { throw Mistake("less: amount=?") }
    return report
  }

  private func tip(_ word: String, _ places: UInt8) throws(Mistake) -> Tip {
    if word == "ask" { return .asked(seconds: 60) }
    guard word.hasSuffix("%") else { return .fixed(try Money.minorUnits(word, places)) }
    let share = try Money.minorUnits(String(word.dropLast()), 2)
    guard let hundredths = UInt16(exactly: share) else { throw Mistake("tip: at most 100%") }
    return .hundredthsOfPercent(hundredths)
  }

  private func part(_ word: String) throws(Mistake) -> CheckPart {
    let numbers = word.split(separator: "/").compactMap { UInt8($0) }
    guard numbers.count == 2, let part = CheckPart(numbers[0], of: numbers[1]) else {
      throw Mistake("part: such as 1/3")
    }
    return part
  }

  private func methods(_ word: String) throws(Mistake) -> Methods {
    if word == "none" { return .none }
    var methods = Methods.none
    for name in word.split(separator: ",") {
      methods = methods.union(
        try choose(
          String(name),
          [("stripe", .magneticStripe), ("tap", .contactless), ("code", Methods.walletCode)]))
    }
    return methods
  }

  private func limit(_ word: String?, _ places: UInt8) throws(Mistake) -> UInt64? {
    guard let word else { return nil }
    return try Money.minorUnits(word, places)
  }

  /// In the currency of the last transaction.
  private func amount(_ word: String) throws(Mistake) -> UInt64 {
    try Money.minorUnits(word, latest?.exponent ?? 2)
  }

  private func number<Number: FixedWidthInteger>(_ word: String) throws(Mistake) -> Number {
    let number = word.hasPrefix("0x") ? Number(word.dropFirst(2), radix: 16) : Number(word)
    guard let number else { throw Mistake("'\(word)' is no number up to \(Number.max)") }
    return number
  }

  private func named(_ word: String) throws(Mistake) -> Reference {
    guard let reference = Reference([UInt8](word.utf8).span) else {
      throw Mistake("'\(word)': a reference is 1 to 32 printable ASCII characters")
    }
    return reference
  }

  private func label(_ word: String?, _ name: String) throws(Mistake) -> Label? {
    guard let word else { return nil }
    guard let label = Label([UInt8](word.utf8).span) else {
      throw Mistake("\(name): 1 to 16 printable ASCII characters")
    }
    return label
  }

  private func reference(_ word: String?) throws(Mistake) -> Reference {
    if let word { return try named(word) }
    guard let latest else { throw Mistake("there was no transaction yet: say which") }
    return latest.reference
  }
}

/// The words of a line: some by their place, some as name=value.
private struct Words {
  private var words: [Substring]

  init(_ line: String) { words = line.split(whereSeparator: \.isWhitespace) }

  /// The next word without a name.
  mutating func first() -> String? {
    guard let place = words.firstIndex(where: { !$0.contains("=") }) else { return nil }
    return String(words.remove(at: place))
  }

  mutating func next(_ what: String) throws(Mistake) -> String {
    guard let word = first() else { throw Mistake("the \(what) is missing") }
    return word
  }

  mutating func take(_ name: String) -> String? {
    guard let place = words.firstIndex(where: { $0.hasPrefix(name + "=") }) else { return nil }
    return String(words.remove(at: place).dropFirst(name.count + 1))
  }

  mutating func rest() -> String {
    defer { words = [] }
    return words.joined(separator: " ")
  }

  var left: String? { words.first.map { String($0) } }
}

/// Amounts as people write them.
enum Money {
  private static let codes: [(String, UInt16)] = [
    ("EUR", 978), ("USD", 840), ("GBP", 826), ("CHF", 756), ("CNY", 156), ("JPY", 392),
    ("KRW", 410), ("HKD", 344), ("TWD", 901), ("SGD", 702), ("SEK", 752), ("NOK", 578),
    ("DKK", 208), ("PLN", 985), ("CZK", 203), ("KWD", 414), ("TND", 788),
  ]

  /// A numeric code of ISO 4217, or one of the letters that are known here.
  static func currency(_ word: String) throws(Mistake) -> UInt16 {
    if let known = codes.first(where: { $0.0 == word }) { return known.1 }
    guard let code = UInt16(word), code <= 999 else {
      throw Mistake("currency '\(word)': an ISO 4217 number, or EUR, USD …")
    }
    return code
  }

  static func name(_ currency: UInt16) -> String {
    codes.first { $0.1 == currency }?.0 ?? String(currency)
  }

  /// `12.5` with two places is 1250.
  static func minorUnits(_ word: String, _ places: UInt8) throws(Mistake) -> UInt64 {
    let parts = word.split(separator: ".", omittingEmptySubsequences: false)
    let fraction = parts.count == 2 ? String(parts[1]) : ""
    guard (1...2).contains(parts.count), !parts[0].isEmpty, fraction.count <= places,
      (parts[0] + fraction).allSatisfy({ $0.isASCII && $0.isNumber }),
      let units = UInt64(
        parts[0] + fraction + String(repeating: "0", count: Int(places) - fraction.count))
    else { throw Mistake("'\(word)' is no amount with at most \(places) decimal places") }
    return units
  }

  static func text(_ units: UInt64, _ places: UInt8) -> String {
    var digits = String(units)
    guard places > 0 else { return digits }
    digits = String(repeating: "0", count: max(0, Int(places) + 1 - digits.count)) + digits
    return digits.dropLast(Int(places)) + "." + digits.suffix(Int(places))
  }
}
