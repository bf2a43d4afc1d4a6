// docs/PROTOCOL.md promises that a register can be written from the page alone: its bytes are
// checked here against the implementation.

import Foundation
import Octets
import Testing

@testable import Link

/// The page, without blanks and line breaks: long strings of digits are broken over lines.
struct ProtocolPage {
  private let text: String

  init() {
    let root = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let page = try? String(contentsOf: root.appending(path: "docs/PROTOCOL.md"), encoding: .utf8)
    text = (page ?? "").filter { !$0.isWhitespace }
  }

  /// Expects the page to give these bytes after `label` in code quotes.
  func expect(_ label: String, _ found: [UInt8]) { expect(label, text: hex(found)) }

  func expect(_ label: String, text found: String) {
    let wanted = "`\(label)`" + found
    #expect(text.contains(wanted.filter { !$0.isWhitespace }), "`\(label)` \(found)")
  }
}

@Suite("The bytes of docs/PROTOCOL.md")
struct ProtocolPageTests {
  private let page = ProtocolPage()

  private func expect(_ label: String, _ found: [UInt8]) { page.expect(label, found) }

  @Test("the framing example")
  func framing() {
    expect("example frame", wire(bytes("040011220033")))
  }

  @Test("the examples of parity")
  func parity() {
    expect("example with parity", protectedWire(bytes("040011220033")))
    let long = protectedWire([4] + (0..<300).map { UInt8($0 & 0xFF) })
    expect("end of the long example", Array(long.suffix(26)))
    #expect(long.count == 327)
  }

  @Test("the messages")
  func messages() {
    expect("payment", MessageTests.encoded(.payment(testPayment)))
    expect("abort", MessageTests.encoded(.abort(testReference)))
    expect("transaction status", MessageTests.encoded(.transactionStatus(testReference)))
    expect("time", MessageTests.encoded(.time(unixMilliseconds: 1_800_000_000_000)))
    let parity = RegisterMessage.time(unixMilliseconds: 1_800_000_000_000, takesParity: true)
    expect("time with parity", MessageTests.encoded(parity))
    expect("acknowledgement", MessageTests.encoded(MessageTests.fromRegister[5]))
    expect("with early records", MessageTests.encoded(MessageTests.fromRegister[6]))
    expect("completion", MessageTests.encoded(.payment(testTab)))
    expect("reversal", MessageTests.encoded(.payment(testReversal)))
    expect("outcome report", MessageTests.encoded(.outcome(testOutcome)))
    expect("choice", MessageTests.encoded(.choice(Choice(testReference, tip: 150))))
    expect("end", MessageTests.encoded(.event(testEnd)))
    let closing = TotalsRequest(closing: PeriodName(epoch: 7, number: 2))
    expect("totals request", MessageTests.encoded(.totals(closing)))
    expect("diagnosis request", MessageTests.encoded(.diagnosis))
    expect("totals", MessageTests.encoded(.totals(testTotals)))
    expect("diagnosis", MessageTests.encoded(.diagnosis(testDiagnosis)))
    expect("response", MessageTests.encoded(MessageTests.fromController[0]))
    expect("event", MessageTests.encoded(MessageTests.fromController[1]))
    expect("processed", MessageTests.encoded(MessageTests.fromController[5]))
    expect("boot", MessageTests.encoded(MessageTests.fromController[6]))
    expect("error", MessageTests.encoded(MessageTests.fromController[7]))
    expect("language", MessageTests.encoded(.event(testLanguage)))
    var code = MessageBytes()
    try! testCode.encode(from: Array(testTemplate.utf8).span, into: &code)
    expect("code request", code.array)
    code.removeAll()
    try! Response.encode(testReference, payload: Array(testPayload.utf8).span, into: &code)
    expect("code", code.array)
    var record = MessageBytes()
    try! ControllerMessage.encodeRecord(
      origin: testOrigin, index: 42, sealed: bytes("d08343a10118").span, into: &record)
    expect("record", record.array)
    expect("recall", MessageTests.encoded(MessageTests.fromController[8]))
    var returned = MessageBytes()
    try! RegisterMessage.encodeReturnedRecord(
      origin: testOrigin, index: 42, sealed: bytes("d08343a10118").span, into: &returned)
    expect("returned record", returned.array)
  }

  @Test("a whole handshake and the first frames both ways")
  func handshake() throws {
    var register = KeyPair()
    var controller = KeyPair()
    register.load(Key(bytes(NoiseTests.initiatorStatic)))
    controller.load(Key(bytes(NoiseTests.responderStatic)))
    expect("register public", register.point.array)
    expect("controller public", controller.point.array)

    var here = try Session(
      role: .register, secret: Key(bytes(NoiseTests.initiatorStatic)),
      peer: Key(controller.point.array), now: at(0))
    var there = try Session(
      role: .controller, secret: Key(bytes(NoiseTests.responderStatic)),
      peer: Key(register.point.array), now: at(0))
    var ephemeral = Key(bytes(NoiseTests.initiatorEphemeral))
    here.provideEphemeral(&ephemeral)
    ephemeral = Key(bytes(NoiseTests.responderEphemeral))
    there.provideEphemeral(&ephemeral)
    var frame = WireFrame()
    var heard = MessageBytes()
    var said: [UInt8]

    _ = there.nextFrame(now: at(0), into: &frame)
    expect("hello frame", frame.array)
    _ = here.nextFrame(now: at(0), into: &frame)
    expect("request frame", frame.array)
    said = contents(frame.array).frames[0]
    _ = there.receive(said.span, now: at(0), into: &heard)
    _ = there.nextFrame(now: at(0), into: &frame)
    expect("answer frame", frame.array)
    said = contents(frame.array).frames[0]
    _ = here.receive(said.span, now: at(0), into: &heard)
    let time = MessageTests.encoded(.time(unixMilliseconds: 1_800_000_000_000))
    _ = try here.seal(time.span, now: at(0), into: &frame)
    expect("time frame", frame.array)
    expect("time header", Array(contents(frame.array).frames[0].prefix(13)))
    said = contents(frame.array).frames[0]
    let event = there.receive(said.span, now: at(0), into: &heard)
    #expect(event == .message(isFirst: true))
    let boot = MessageTests.encoded(MessageTests.fromController[6])
    _ = try there.seal(boot.span, now: at(0), into: &frame)
    expect("boot frame", frame.array)

    for (label, message) in [
      ("acknowledgement frame", MessageTests.fromRegister[5]),
      ("payment frame", .payment(testPayment)),
    ] {
      _ = try here.seal(MessageTests.encoded(message).span, now: at(0), into: &frame)
      expect(label, frame.array)
    }
    let response = MessageTests.encoded(MessageTests.fromController[0])
    _ = try there.seal(response.span, now: at(0), into: &frame)
    expect("response frame", frame.array)
  }
}
