// What a tap came to, for people and for programs.

import Contactless
import Foundation
import Identity
import Octets
import Simulator

struct CardReport {
  struct Object: Encodable {
    var tag: String
    var name: String?
    var value: String?
    var bytes: Int
  }

  struct Step: Encodable {
    var command: String
    var sent: String
    var answer: String
    /// What was recorded instead of `sent`.
    var recorded: String?
  }

  struct Result: Encodable {
    var outcome: String
    /// The EMV message identifier for the customer.
    var prompt: String
    var application: String?
    var scheme: String?
    var account: String?
    var form: String?
    var verification: String?
    var cryptogram: String?
    var number: String?
    var expiry: String?
    var serviceCode: String?
    var de55: String?
    var leftOutOfDE55: Int?
    var elements: [Object] = []
    var encrypted: [Object] = []
    var steps: [Step] = []
    var unusedExchanges = 0
  }

  private(set) var result: Result
  let isRead: Bool
  private var clear: (number: String, secrets: [Object]) = ("", [])

  init(_ end: TapEvent?, _ run: inout TapRun) {
    isRead = end == .read
    switch end {
    case .read: result = Result(outcome: "read", prompt: prompt(.cardReadRemove))
    case .failed(let failure):
      result = Result(outcome: words(failure), prompt: prompt(failure.prompt))
    default: result = Result(outcome: "nothing came of it", prompt: prompt(.presentAgain))
    }
    if let card = run.chip.cards.first { describe(card) }
    if isRead { describe(run.reader.session) }
  }

  private mutating func describe(_ card: VirtualCard) {
    guard case .dialogue(let dialogue) = card.content else { return }
    result.unusedExchanges = dialogue.exchanges.count - dialogue.used.count
    for (command, answer) in card.transcript {
      var step = Step(
        command: Self.name(command), sent: hexadecimal(command), answer: hexadecimal(answer))
      if let other = dialogue.differences.first(where: { $0.command == command }) {
        step.recorded = hexadecimal(dialogue.exchanges[other.place].command)
      }
      result.steps.append(step)
    }
  }

  private static func name(_ command: [UInt8]) -> String {
    switch command[1] {
    case 0xA4: "SELECT"
    case 0xA8: "GET PROCESSING OPTIONS"
    case 0xB2: "READ RECORD \(command[2]) of file \(command[3] >> 3)"
    case 0xAE: "GENERATE AC"
    default: hexadecimal(command.prefix(2))
    }
  }

  private mutating func describe(_ session: borrowing CardSession) {
    if let name = session.selectedName {
      result.application = name.withBytes { span in hexadecimal(span.indices.map { span[$0] }) }
      result.account = "\(AccountType(name))"
    }
    result.scheme = session.application.map { "\($0.kernel)" }
    result.form = "\(session.formFactor)"
    result.verification = "\(session.verification)"
    result.cryptogram = "ARQC"
    var digits = Bytes<19>()
    session.number(into: &digits)
    clear.number = digits.text
    var masked = Bytes<19>()
    digits.withBytes { try? MaskPolicy.widest.mask($0, into: &masked) }
    result.number = masked.text
    var expiry = Bytes<4>()
    var code = Bytes<3>()
    session.expiry(into: &expiry)
    session.serviceCode(into: &code)
    result.expiry = expiry.text
    result.serviceCode = code.text
    var element = Bytes<255>()
    result.leftOutOfDE55 = session.dataElement55(into: &element)
    result.de55 = hexadecimal(element.array)
    result.elements = Self.objects(element.array, showing: true)
    var secrets = Bytes<220>()
    session.secrets(into: &secrets)
    result.encrypted = Self.objects(secrets.array, showing: false)
    clear.secrets = Self.objects(secrets.array, showing: true)
  }

  private static func objects(_ bytes: [UInt8], showing: Bool) -> [Object] {
    var objects: [Object] = []
    var offset = 0
    while let object = try? TLV.next(in: bytes.span, from: &offset) {
      let value = Array(bytes[object.value])
      objects.append(
        Object(
          tag: String(object.tag, radix: 16, uppercase: true), name: tagNames[object.tag],
          value: showing ? hexadecimal(value) : nil, bytes: value.count))
    }
    return objects
  }

  // MARK: Showing it

  func json(_ showData: Bool) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return String(decoding: try encoder.encode(shown(showData)), as: UTF8.self)
  }

  /// Without the answers, which hold card data, unless they are asked for.
  private func shown(_ showData: Bool) -> Result {
    var shown = result
    if showData {
      shown.number = isRead ? clear.number : nil
      shown.encrypted = clear.secrets
    } else {
      for index in shown.steps.indices { shown.steps[index].answer = masked(index) }
    }
    return shown
  }

  /// The status of an answer, and how long the answer is.
  private func masked(_ index: Int) -> String {
    let answer = result.steps[index].answer
    return "\(answer.suffix(4)) behind \(max(0, answer.count / 2 - 2)) bytes"
  }

  func text(_ file: String, _ showData: Bool) -> String {
    let shown = shown(showData)
    var lines = ["\(file): \(shown.outcome)", "  prompt        \(shown.prompt)"]
    func add(_ name: String, _ value: String?) {
      guard let value, !value.isEmpty else { return }
      lines.append("  " + name.padding(toLength: 14, withPad: " ", startingAt: 0) + value)
    }
    add("application", shown.application)
    add("scheme", shown.scheme)
    add("account", shown.account)
    add("form factor", shown.form)
    add("holder", shown.verification)
    add("card", shown.number)
    add("expiry", shown.expiry)
    add("service code", shown.serviceCode)
    add("cryptogram", shown.cryptogram)
    for step in shown.steps {
      lines.append("  \(step.command)")
      lines.append("    > \(step.sent)")
      if let recorded = step.recorded { lines.append("    recorded: \(recorded)") }
      lines.append("    < \(step.answer)")
    }
    if shown.unusedExchanges > 0 {
      lines.append("  \(shown.unusedExchanges) recorded exchanges were not asked for")
    }
    add("DE55", shown.de55)
    lines += shown.elements.map { Self.line($0) }
    if !shown.encrypted.isEmpty { lines.append("  encrypted only") }
    lines += shown.encrypted.map { Self.line($0) }
    return lines.joined(separator: "\n")
  }

  private static func line(_ object: Object) -> String {
    let tag = object.tag.padding(toLength: 8, withPad: " ", startingAt: 0)
    let value = object.value ?? "\(object.bytes) bytes"
    return "    \(tag)\(value)" + (object.name.map { "  (\($0))" } ?? "")
  }
}

private func prompt(_ prompt: Prompt) -> String { hexadecimal([prompt.rawValue]) + " \(prompt)" }

func words(_ failure: TapFailure) -> String {
  switch failure {
  case .torn: "the card left, or did not answer"
  case .severalCards: "more than one card"
  case .seePhone: "the holder has to look at the device"
  case .otherInterface: "the card wants another interface"
  case .noApplication: "no application that this reader takes"
  case .aboveLimit: "the amount may not be paid by tapping"
  case .declined: "the card declined: AAC"
  case .fault(let fault): words(fault)
  }
}

private func words(_ fault: CardFault) -> String {
  func tag(_ tag: UInt32) -> String {
    String(tag, radix: 16, uppercase: true) + (tagNames[tag].map { " (\($0))" } ?? "")
  }
  return switch fault {
  case .malformed: "the card's answer is not BER-TLV"
  case .wrongTemplate: "the card's answer has another template than the command's"
  case .repeated(let object): "the card gave \(tag(object)) twice"
  case .missing(let object): "the card did not give \(tag(object))"
  case .contradiction(let object): "the card contradicts itself in \(tag(object))"
  case .tooMuchData: "the card gave or asked for more than a card may"
  case .noStatus: "the card's answer has no status"
  case .status(let status):
    "the card answered with status \(String(status, radix: 16, uppercase: true))"
  }
}

/// EMV Book 3 annex A and the kernels' books.
private let tagNames: [UInt32: String] = [
  0x4F: "application identifier", 0x50: "application label", 0x57: "track 2 equivalent data",
  0x5A: "card number", 0x5F20: "cardholder name", 0x5F24: "expiry date",
  0x5F2A: "currency", 0x5F34: "card sequence number", 0x82: "application interchange profile",
  0x84: "application name", 0x8C: "CDOL1", 0x94: "application file locator",
  0x95: "terminal verification results", 0x9A: "date", 0x9C: "transaction type",
  0x9F02: "amount", 0x9F03: "other amount", 0x9F09: "terminal's application version",
  0x9F10: "issuer application data", 0x9F1A: "terminal country", 0x9F1E: "reader's serial number",
  0x9F1F: "track 1 discretionary data", 0x9F20: "track 2 discretionary data",
  0x9F26: "application cryptogram", 0x9F27: "cryptogram information data",
  0x9F33: "terminal capabilities", 0x9F34: "CVM results", 0x9F35: "terminal type",
  0x9F36: "application transaction counter", 0x9F37: "unpredictable number",
  0x9F41: "transaction sequence counter", 0x9F66: "terminal transaction qualifiers",
  0x9F6C: "card transaction qualifiers", 0x9F6E: "form factor or third party data",
  0x9F7C: "customer exclusive data",
]
