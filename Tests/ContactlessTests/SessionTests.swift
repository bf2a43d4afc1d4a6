import Octets
import Testing

@testable import Contactless

/// Answers of test cards. Templates are put together here so that a case shows what it is about.
enum Answers {
  static let directory =
    """
    6F2D840E325041592E5359532E4444463031A51BBF0C1861164F07A0000000031010500B5649534120435245444954\
    9000
    """
  /// PDOL 9F66 9F02 9F37.
  static let visa = "6F17 8407A0000000031010 A50C 9F3809 9F6604 9F0206 9F3704 9000"
  static let mastercard = "6F09 8407A0000000041010 9000"
  static let mastercardDirectory =
    "6F23 840E325041592E5359532E4444463031 A511 BF0C0E 610C 4F07A0000000041010 870101 9000"
  /// EMV mode, CVM list, no device verification; record 1 of file 1.
  static let mastercardOptions = "770A 82021980 9404 08010100 9000"
  static let mastercardRecord =
    template(
      "70",
      "5711 5413330089020011D2512201000000000F 5A08 5413330089020011 5F2403 251231 5F3401 01"
        + " 8C06 9F0206 9F3704 8E0C 0000000000000000 4203 1F03") + "9000"
  static let mastercardCryptogram =
    template(
      "77", "9F2701 80 9F3602 0042 9F2608 0102030405060708 9F1007 06010A03A00000") + "9000"
  static let visaOptions =
    template(
      "77",
      "82022000 5711 4761739001010010D22122011143844489 9F1007 06010A03A00000"
        + " 9F2608 48325309BE82CBA2 9F3602 0077 9F6C02 0000") + "9000"

  static func template(_ tag: String, _ content: String) -> String {
    let bytes = octets(content)
    let length = bytes.count < 128 ? [UInt8(bytes.count)] : [0x81, UInt8(bytes.count)]
    return tag + hex(length + bytes)
  }
}

@Suite("A dialogue with a card")
struct SessionTests {
  static let request = TapRequest(
    amount: 9_000, currency: 840, exponent: 2, date: 200_316, time: 120_000, sequence: 7)

  static var terminal: TapTerminal {
    var terminal = TapTerminal()
    terminal.country = 840
    return terminal
  }

  /// A session that has come to GET PROCESSING OPTIONS.
  private func session(
    _ directory: String, _ selection: String, _ request: TapRequest = request,
    _ terminal: TapTerminal = terminal
  ) -> CardSession {
    var session = CardSession()
    #expect(session.begin(request, at: terminal, unpredictable: 0xABAB_ABAB) == .send)
    #expect(session.answer(hex: directory) == .send)
    #expect(session.answer(hex: selection) == .send)
    return session
  }

  @Test("with a Visa test card is the recorded one")
  func recordedVisa() {
    var session = CardSession()
    #expect(
      session.begin(Self.request, at: Self.terminal, unpredictable: 0xABAB_ABAB) == .send)
    #expect(hex(session.sent) == "00A404000E325041592E5359532E444446303100")
    #expect(session.answer(hex: Answers.directory) == .send)
    #expect(hex(session.sent) == "00A4040007A000000003101000")
    #expect(
      session.answer(
        hex: """
          6F338407A0000000031010A528500B56495341204352454449549F38189F66049F02069F03069F1A0295055F\
          2A029A039C019F37049000
          """) == .send)
    #expect(
      hex(session.sent)
        == """
        80A8000023832124C0400000000000900000000000000008400000000000084020031600ABABABAB00
        """)
    #expect(
      session.answer(
        hex: """
          7757820220005F34010157114761739001010010D221220111438444895F2016564953412043524544\
          49542F43415244484F4C4445529F100706010A03A000009F260848325309BE82CBA29F2701809F3602007\
          79F6C0290009000
          """) == .read)
    #expect(session.value(0x9F26) == "48325309BE82CBA2")
    #expect(session.verification == .onlinePIN)
    #expect(session.application?.kernel == .visa)
  }

  @Test("with a Mastercard asks for an ARQC without a combined signature")
  func mastercard() {
    var session = session(Answers.mastercardDirectory, Answers.mastercard)
    #expect(hex(session.sent) == "80A8000002830000")
    #expect(session.answer(hex: Answers.mastercardOptions) == .send)
    #expect(hex(session.sent) == "00B2010C00")
    #expect(session.answer(hex: Answers.mastercardRecord) == .send)
    #expect(hex(session.sent) == "80AE80000A000000009000ABABABAB00")
    #expect(session.answer(hex: Answers.mastercardCryptogram) == .read)
    #expect(session.verification == .onlinePIN)
    var digits = Bytes<19>()
    session.number(into: &digits)
    #expect(digits.array == Array("5413330089020011".utf8))
    var expiry = Bytes<4>()
    session.expiry(into: &expiry)
    #expect(expiry.array == Array("2512".utf8))
    var code = Bytes<3>()
    session.serviceCode(into: &code)
    #expect(code.array == Array("201".utf8))
  }

  @Test("takes format 1 of both answers")
  func format1() {
    var session = session(Answers.mastercardDirectory, Answers.mastercard)
    #expect(session.answer(hex: "8006 1980 08010100 9000") == .send)
    #expect(hex(session.sent) == "00B2010C00")
    #expect(session.answer(hex: Answers.mastercardRecord) == .send)
    #expect(session.answer(hex: "8012 80 0042 0102030405060708 06010A03A00000 9000") == .read)
    #expect(session.value(0x9F10) == "06010A03A00000")
    #expect(session.value(0x9F36) == "0042")
  }

  @Test("without a directory tries the list of applications in order")
  func list() {
    var session = CardSession()
    _ = session.begin(Self.request, at: Self.terminal, unpredictable: 1)
    #expect(session.answer(hex: "6A82") == .send)
    #expect(hex(session.sent) == "00A4040007A000000003101000")
    #expect(session.answer(hex: "6A82") == .send)
    #expect(hex(session.sent) == "00A4040007A000000004101000")
    #expect(session.answer(hex: Answers.mastercard) == .send)
    #expect(hex(session.sent) == "80A8000002830000")
  }

  @Test("without any application ends")
  func nothing() {
    var session = CardSession()
    var step = session.begin(Self.request, at: Self.terminal, unpredictable: 1)
    var selects = 0
    while step == .send {
      selects += 1
      step = session.answer(hex: "6A82")
    }
    #expect(step == .failed(.noApplication))
    #expect(selects == 1 + AIDList().count)
  }

  private let three =
    Answers.template(
      "6F",
      "840E325041592E5359532E4444463031"
        + Answers.template(
          "A5",
          Answers.template(
            "BF0C",
            "610C 4F07A0000000041010 870102 610C 4F07A0000000031010 870101 6109 4F07A0000000651010"
              + " 610C 4F07F000000099101F 870101"))) + "9000"

  @Test("tries applications by the card's priority, those without one last, unknown ones never")
  func priority() {
    var session = CardSession()
    _ = session.begin(Self.request, at: Self.terminal, unpredictable: 1)
    #expect(session.answer(hex: three) == .send)
    #expect(hex(session.sent) == "00A4040007A000000003101000")
    #expect(session.answer(hex: "6283") == .send)
    #expect(hex(session.sent) == "00A4040007A000000004101000")
    // Not what was selected.
    #expect(session.answer(hex: Answers.visa) == .send)
    #expect(hex(session.sent) == "00A4040007A000000065101000")
    #expect(session.answer(hex: "6A81") == .failed(.noApplication))
  }

  @Test("falls back to the next application when conditions are not satisfied")
  func conditions() {
    var session = CardSession()
    _ = session.begin(Self.request, at: Self.terminal, unpredictable: 1)
    _ = session.answer(hex: three)
    #expect(session.answer(hex: Answers.visa) == .send)
    #expect(hex(session.sent).hasPrefix("80A80000"))
    #expect(session.answer(hex: "6985") == .send)
    #expect(hex(session.sent) == "00A4040007A000000004101000")
    #expect(session.answer(hex: Answers.mastercard) == .send)
    #expect(session.application?.kernel == .mastercard)
  }

  @Test("leaves an application that asks for another country's kernel")
  func kernels() {
    let foreign =
      Answers.template(
        "6F",
        Answers.template(
          "A5", Answers.template("BF0C", "610D 4F07A0000000041010 9F2A01 C1"))) + "9000"
    var session = CardSession()
    _ = session.begin(Self.request, at: Self.terminal, unpredictable: 1)
    #expect(session.answer(hex: foreign) == .failed(.noApplication))
  }

  @Test(
    "ends with what its status words mean",
    arguments: [
      ("6984", TapFailure.otherInterface), ("6986", .seePhone), ("6985", .noApplication),
      ("6283", .fault(.status(0x6283))), ("6D00", .fault(.status(0x6D00))),
      ("90", .fault(.noStatus)), ("9000", .fault(.malformed)),
    ])
  func statusWords(answer: String, failure: TapFailure) {
    var session = session(Answers.directory, Answers.visa)
    #expect(session.answer(hex: answer) == .failed(failure))
  }

  @Test("of a Mastercard without EMV mode ends: its magnetic-stripe mode is left off")
  func stripeMode() {
    var session = session(Answers.mastercardDirectory, Answers.mastercard)
    #expect(session.answer(hex: "770A 82021900 9404 08010100 9000") == .failed(.otherInterface))
  }

  /// The parts of a good answer of a Visa card.
  private static let profile = "82022000"
  private static let track = "57114761739001010010D22122011143844489"
  private static let issuer = "9F100706010A03A00000"
  private static let mac = "9F260848325309BE82CBA2"
  private static let count = "9F36020077"

  /// What is wrong with a card's one answer, and how it is told.
  private static let contradicting: [([String], CardFault)] = [
    ([profile, profile], .repeated(0x82)),
    // A card number unlike track 2's; one with a letter; one that does not end.
    ([profile, track, "5A084761739001010011", issuer, mac, count], .contradiction(0x5A)),
    (
      [profile, "57114761A39001010010D22122011143844489", issuer, mac, count], .contradiction(0x57)
    ),
    ([profile, "57084761739001010010", issuer, mac, count], .contradiction(0x57)),
    // Mandatory objects that are absent.
    ([track, issuer, mac, count], .missing(0x82)),
    ([profile, issuer, mac, count], .missing(0x57)),
    ([profile, track, mac, count], .missing(0x9F27)),
    ([profile, track, issuer, count], .missing(0x8C)),
    ([profile, track, issuer, mac], .missing(0x9F36)),
    // A cryptogram of seven bytes, one by which the card approves itself.
    ([profile, track, issuer, "9F260748325309BE82CB", count], .contradiction(0x9F26)),
    ([profile, track, "9F100706010A03900000", mac, count], .contradiction(0x9F27)),
    // Lists of records that cannot be.
    ([profile, "9403080101"], .contradiction(0x94)),
    ([profile, "940409010100"], .contradiction(0x94)),
    ([profile, "940408000100"], .contradiction(0x94)),
    ([profile, "940408020100"], .contradiction(0x94)),
    ([profile, "940408010102"], .contradiction(0x94)),
    ([profile, "940400010100"], .contradiction(0x94)),
  ]

  @Test("refuses answers that contradict themselves", arguments: contradicting)
  func contradictions(content: [String], fault: CardFault) {
    var session = session(Answers.directory, Answers.visa)
    #expect(
      session.answer(hex: Answers.template("77", content.joined()) + "9000")
        == .failed(.fault(fault)))
  }

  @Test("a card that declines is told as such")
  func declined() {
    var visa = session(Answers.directory, Answers.visa)
    let content =
      "82022000 57114761739001010010D22122011143844489 9F100706010A03800000 9F260848325309BE82CBA2"
      + " 9F36020077"
    #expect(visa.answer(hex: Answers.template("77", content) + "9000") == .failed(.declined))
    var mastercard = session(Answers.mastercardDirectory, Answers.mastercard)
    _ = mastercard.answer(hex: Answers.mastercardOptions)
    _ = mastercard.answer(hex: Answers.mastercardRecord)
    let refusal = Answers.mastercardCryptogram.replacingFirst("9F270180", "9F270100")
    #expect(mastercard.answer(hex: refusal) == .failed(.declined))
  }

  @Test("a signed answer that nobody asked for has no cryptogram")
  func signed() {
    var session = session(Answers.mastercardDirectory, Answers.mastercard)
    _ = session.answer(hex: Answers.mastercardOptions)
    _ = session.answer(hex: Answers.mastercardRecord)
    let answer = Answers.template("77", "9F2701 80 9F3602 0042 9F4B04 01020304") + "9000"
    #expect(session.answer(hex: answer) == .failed(.fault(.missing(0x9F26))))
  }

  @Test("objects of two records may not repeat each other")
  func repeated() {
    var session = session(Answers.mastercardDirectory, Answers.mastercard)
    _ = session.answer(hex: "770A 82021980 9404 08010200 9000")
    _ = session.answer(hex: Answers.mastercardRecord)
    #expect(hex(session.sent) == "00B2020C00")
    #expect(
      session.answer(hex: "7004 5F340101 9000") == .failed(.fault(.repeated(0x5F34))))
  }

  @Test(
    "an amount decides what the card is told",
    arguments: [
      (0, "24004000"), (1, "24804000"), (4_999, "24804000"), (5_000, "24C04000"),
      (999_999_999_999, "24C04000"),
    ] as [(UInt64, String)])
  func qualifiers(amount: UInt64, expected: String) {
    var request = Self.request
    request.amount = amount
    let session = session(Answers.directory, Answers.visa, request)
    #expect(hex(session.sent).dropFirst(14).prefix(8) == expected)
  }

  @Test("an amount above the limit for taps is not begun")
  func limits() {
    var terminal = Self.terminal
    terminal.tapLimit = 9_000
    var session = CardSession()
    #expect(
      session.begin(Self.request, at: terminal, unpredictable: 1) == .failed(.aboveLimit))
    var request = Self.request
    request.amount = TapRequest.largestAmount + 1
    #expect(
      session.begin(request, at: Self.terminal, unpredictable: 1) == .failed(.aboveLimit))
  }

  @Test("DE55 has the listed objects in their order and no card number; secrets have the rest")
  func messages() {
    var session = session(Answers.mastercardDirectory, Answers.mastercard)
    _ = session.answer(hex: Answers.mastercardOptions)
    _ = session.answer(hex: Answers.mastercardRecord)
    _ = session.answer(hex: Answers.mastercardCryptogram)
    var element = Bytes<255>()
    let leftOut = session.dataElement55(into: &element)
    #expect(leftOut == 0)
    #expect(
      hex(element.array)
        == """
        9F260801020304050607089F2701809F100706010A03A000009F3704ABABABAB9F360200429505800004000\
        09A032003169C01009F02060000000090009F03060000000000005F2A020840820219809F1A0208409F330340\
        40009F34030200009F3501248407A00000000410105F3401019F090200029F1E0830303030\
        303030309F410400000007
        """)
    var secrets = Bytes<220>()
    session.secrets(into: &secrets)
    #expect(hex(secrets.array) == "57115413330089020011D2512201000000000F5F2403251231")
    var small = Bytes<40>()
    let lost = session.dataElement55(into: &small)
    #expect(lost == 15)
    #expect(hex(small.array).hasPrefix("9F26080102030405060708"))
  }

  @Test("says what was tapped, and who verified its holder")
  func phones() {
    var phone = session(Answers.directory, Answers.visa)
    let content =
      "82022000 57114761739001010010D22122011143844489 9F1007 06010A03A00000"
      + " 9F260848325309BE82CBA2 9F36020077 9F6C020080 9F6E0423880000"
    #expect(phone.answer(hex: Answers.template("77", content) + "9000") == .read)
    #expect(phone.formFactor == .phone && phone.verification == .device)

    var watch = session(Answers.mastercardDirectory, Answers.mastercard)
    _ = watch.answer(hex: "770A 82021B80 9404 08010100 9000")
    let record = Answers.mastercardRecord.replacingLast("9000", "")
    let bytes = octets(record)
    let more = hex(Array(bytes.dropFirst(2))) + "9F6E06 0840 0000 3033"
    _ = watch.answer(hex: Answers.template("70", more) + "9000")
    #expect(watch.answer(hex: Answers.mastercardCryptogram) == .read)
    #expect(watch.formFactor == .watch && watch.verification == .device)
  }
}

extension String {
  func replacingFirst(_ old: String, _ new: String) -> String { swap(range(of: old), new) }
  func replacingLast(_ old: String, _ new: String) -> String {
    hasSuffix(old) ? String(dropLast(old.count)) + new : self
  }

  private func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }

  private func swap(_ range: Range<Index>?, _ new: String) -> String {
    guard let range else { return self }
    return String(self[..<range.lowerBound]) + new + self[range.upperBound...]
  }
}
