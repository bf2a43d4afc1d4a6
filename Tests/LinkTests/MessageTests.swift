import Octets
import Testing

@testable import Link

let testReference = Reference(Array("K7-000123".utf8).span)!
let testOrigin = Origin([UInt8](0..<16).span)!
let testRoot = Digest(of: Array("root".utf8).span)
/// Two full subtrees: of 32 records and of 8.
let testStart = MerkleTree(
  size: 40,
  peaks: ([UInt8](repeating: 0xAA, count: 32) + [UInt8](repeating: 0xBB, count: 32)).span)!
let testPayment = PaymentRequest(
  reference: testReference, amount: 1250, currency: 978, exponent: 2, timeoutSeconds: 60,
  methods: Methods.magneticStripe.union(.contactless))

/// Every key of a request.
let testTab: PaymentRequest = {
  var request = testPayment
  request.kind = .completion
  request.original = Reference(Array("K7-000100".utf8).span)!
  request.outcomeSeconds = 30
  request.limits[.magneticStripe] = 5000
  request.limits[.walletCode] = 100_000
  request.tip = .hundredthsOfPercent(1000)
  request.table = Label(Array("12".utf8).span)!
  request.check = Label(Array("C-77".utf8).span)!
  request.part = CheckPart(1, of: 3)
  request.chipPolicy = .acceptAfterFailedTap
  request.showsSteps = false
  return request
}()
let testReversal: PaymentRequest = {
  var request = testPayment
  request.methods = .none
  request.kind = .reversal
  request.original = Reference(Array("K7-000100".utf8).span)!
  request.outcomeSeconds = 30
  return request
}()
let testOutcome: OutcomeReport = {
  var report = OutcomeReport(
    .partlyApproved, testReference, amount: 1000, approval: Label(Array("123456".utf8).span)!)
  report.needsSignature = true
  return report
}()
/// A tap of a card whose holder reads French.
let testLanguage = {
  var event = Event(
    .captured, reference: testReference, prompt: .cardReadRemove, methods: .contactless)
  event.uptimeMilliseconds = 93_784_005
  event.language = LanguageCode(Array("fr".utf8).span)
  return event
}()
let testTemplate =
  "00020129300012D156000000000510A93FO3230Q5204581253039785802D"
  + "E5909CAFE TEST6006BERLIN6304184A"
let testPayload =
  "00020101021229300012D156000000000510A93FO3230Q52045812530397"
  + "8540512.505802DE5909CAFE TEST6006BERLIN62130509K7-00012363048922"
let testCode = CodeRequest(
  reference: testReference, amount: 1250, currency: 978, exponent: 2, template: 0..<92)
let testEnd: Event = {
  var event = Event(
    .ended, reference: testReference, prompt: .approved, methods: .magneticStripe,
    unixMilliseconds: 1_800_000_000_000, isFinal: true)
  event.uptimeMilliseconds = 93_784_005
  event.outcome = .approved
  event.amount = 1250
  return event
}()

let testTotals: Totals = {
  var totals = Totals(name: PeriodName(epoch: 7, number: 2), since: 5000)
  totals.isClosed = true
  totals.until = 93_784_005
  totals.countRefusal()
  totals.countRefusal()
  var row = TotalsRow(method: .magneticStripe, kind: .sale, currency: 978, isApproved: true)
  totals.add(1250, to: row)
  totals.add(1250, to: row)
  row.method = nil
  row.kind = .reversal
  totals.add(1250, to: row)
  for outcome in [Outcome.approved, .approved, .approved, .declined, .timedOut] {
    totals.count(end: outcome)
  }
  return totals
}()
let testDiagnosis: Diagnosis = {
  var diagnosis = Diagnosis()
  diagnosis.uptimeMilliseconds = 93_784_005
  diagnosis.epoch = 7
  diagnosis.supported = Methods.magneticStripe.union(.contactless)
  diagnosis.ready = .magneticStripe
  diagnosis.releases = 12
  diagnosis.lateReleases = 1
  diagnosis.waits = 2
  diagnosis.captureGaps = 1
  diagnosis.line.frames = 140
  diagnosis.line.noise = 3
  diagnosis.line.sessions = 1
  diagnosis.line.dropped = 5
  diagnosis.line.repeats = 2
  diagnosis.magneticStripe.reads = 12
  diagnosis.magneticStripe.ignored = 3
  diagnosis.magneticStripe.noteFailure(.cardNotReadable)
  diagnosis.magneticStripe.noteFailure(.cardNotReadable)
  return diagnosis
}()

@Suite("Messages")
struct MessageTests {
  static let fromRegister: [RegisterMessage] = [
    .payment(testPayment), .abort(testReference), .transactionStatus(testReference),
    .time(unixMilliseconds: 1_800_000_000_000), .time(unixMilliseconds: nil),
    .acknowledgement(Acknowledgement(origin: testOrigin, size: 43, root: testRoot)),
    .acknowledgement(Acknowledgement(origin: testOrigin, size: 43, root: testRoot, early: 6)),
    .outcome(testOutcome), .outcome(OutcomeReport(.declined, testReference)),
    .choice(Choice(testReference, tip: 150)), .payment(testTab), .payment(testReversal),
    .totals(TotalsRequest()), .totals(TotalsRequest(closing: PeriodName(epoch: 7, number: 2))),
    .diagnosis, .time(unixMilliseconds: 1_800_000_000_000, takesParity: true),
    .time(unixMilliseconds: nil, takesParity: true),
  ]
  static let fromController: [ControllerMessage] = [
    .response(Response(to: .payment, testReference, isAccepted: false, reason: .pleaseWait)),
    .event(
      Event(
        .captured, reference: testReference, unixMilliseconds: 1_800_000_000_000, isFinal: true)),
    .event(Event(.fault, reference: nil, reason: .readerNotAnswering)),
    .transactionStatus(TransactionStatus(testReference, .notFound)),
    .transactionStatus(TransactionStatus(testReference, .inProgress)),
    .transactionStatus(TransactionStatus(testReference, .processed(origin: testOrigin, index: 42))),
    .boot(
      BootInfo(
        origin: testOrigin, first: 0, next: 43, epoch: 7, root: testRoot, start: testStart)),
    .error(ErrorMessage(type: 9, reason: .protocolError)),
    .recall(Recall(origin: testOrigin, index: 42)),
    .event(testEnd), .totals(testTotals), .diagnosis(testDiagnosis),
    .response(Response(to: .outcome, testReference, isAccepted: true)),
  ]

  static func encoded(_ message: RegisterMessage) -> [UInt8] {
    var out = MessageBytes()
    try! message.encode(into: &out)
    return out.array
  }

  static func encoded(_ message: ControllerMessage) -> [UInt8] {
    var out = MessageBytes()
    try! message.encode(into: &out)
    return out.array
  }

  @Test("what a register says comes back", arguments: fromRegister)
  func register(message: RegisterMessage) throws {
    #expect(try RegisterMessage(decoding: Self.encoded(message).span) == message)
  }

  @Test("what a controller says comes back", arguments: fromController)
  func controller(message: ControllerMessage) throws {
    #expect(try ControllerMessage(decoding: Self.encoded(message).span) == message)
  }

  @Test("the longest record fits a frame, one byte more is refused")
  func record() throws {
    let sealed = [UInt8](repeating: 9, count: LinkLimits.record)
    var out = MessageBytes()
    try ControllerMessage.encodeRecord(
      origin: testOrigin, index: .max, sealed: sealed.span, into: &out)
    let bytes = out.array
    guard case .record(let record) = try ControllerMessage(decoding: bytes.span) else {
      Issue.record("no record")
      return
    }
    #expect(record.origin == testOrigin && record.index == .max)
    #expect(Array(bytes[record.sealed]) == sealed)
    var other = MessageBytes()
    #expect(throws: Overflow.self) {
      try ControllerMessage.encodeRecord(
        origin: testOrigin, index: 0, sealed: (sealed + [0]).span, into: &other)
    }
  }

  /// Every number at its limit.
  private static let fullestTotals: Totals = {
    let (most, count) = (
      [UInt8](repeating: 0xFF, count: 8), [0x1A] + [UInt8](repeating: 0xFF, count: 4)
    )
    let number = [0x1B] + most
    let row = [0x86, 4, 6, 0x19, 0x03, 0xE7, 0xF5] + count + number
    var bytes: [UInt8] = [0xA8, 0, 21, 1, 0x82] + number + number + [2, 0xF5, 3, 0x82] + number
    bytes +=
      number + [4, 0x98, 32] + [[UInt8]](repeating: row, count: Totals.capacity).flatMap { $0 }
    bytes += [5, 0x88] + [[UInt8]](repeating: count, count: 8).flatMap { $0 }
    bytes += [6] + count + [7] + count
    guard case .totals(let totals)? = try? ControllerMessage(decoding: bytes.span) else {
      preconditionFailure("the fullest totals are not taken")
    }
    return totals
  }()

  @Test("the fullest totals and the fullest diagnosis fit a frame")
  func fullest() throws {
    var totals = Totals(name: PeriodName(epoch: .max, number: .max), since: .max)
    for currency in 900..<UInt16(900 + Totals.capacity + 1) {
      let row = TotalsRow(
        method: .walletCode, kind: .completion, currency: currency, isApproved: true)
      totals.add(.max, to: row)
      totals.add(.max, to: row)
    }
    #expect(totals.unlisted == 2)
    #expect(totals[Totals.capacity - 1]?.sum == .max && totals[Totals.capacity] == nil)
    let fullest = Self.fullestTotals
    let bytes = Self.encoded(.totals(fullest))
    #expect(LinkLimits.message - 20..<LinkLimits.message ~= bytes.count)
    // What has no room is counted, as far as counts go.
    guard case .totals(let cut) = try ControllerMessage(decoding: bytes.span) else { return }
    #expect(cut[0] == fullest[0] && cut[22] == fullest[22] && cut[23] == nil)
    #expect(cut.unlisted == Totals.mostCounted && cut.refused == fullest.refused)
    var diagnosis = Diagnosis()
    for method in [Method.magneticStripe, .contactless, .walletCode] {
      for reason in 1...UInt8(ReaderHealth.reasons + 2) {
        diagnosis[method].noteFailure(Reason(rawValue: reason))
      }
      #expect(diagnosis[method].otherFailures == 2 && diagnosis[method].allFailures == 8)
      #expect(diagnosis[method].failures(Reason(rawValue: 3)) == 1)
    }
    let said = Self.encoded(.diagnosis(diagnosis))
    #expect(said.count < LinkLimits.message)
    #expect(try ControllerMessage(decoding: said.span) == .diagnosis(diagnosis))
  }

  @Test("no message cut short or lengthened is taken")
  func cut() {
    for whole in Self.fromRegister.map(Self.encoded) {
      for count in 0..<whole.count {
        #expect(throws: MessageError.self) {
          _ = try RegisterMessage(decoding: Array(whole[..<count]).span)
        }
      }
      #expect(throws: MessageError.malformed(.trailingBytes)) {
        _ = try RegisterMessage(decoding: (whole + [0]).span)
      }
    }
    for whole in Self.fromController.map(Self.encoded) {
      for count in 0..<whole.count {
        #expect(throws: MessageError.self) {
          _ = try ControllerMessage(decoding: Array(whole[..<count]).span)
        }
      }
    }
  }

  // {0: 2, 1: …} and what is wrong with it.
  static let wrong: [(String, MessageError)] = [
    ("a10002", .missing(key: 1)),
    ("a2000201 60", .outOfRange(key: 1)),
    ("a20002010161", .malformed(.unexpectedType)),
    ("a200020161ff", .malformed(.invalidUTF8)),
    ("a20004011801", .malformed(.notShortest)),
    ("a30002016141 0161 42", .malformed(.keyOrder)),
    ("a201614100 02", .malformed(.unexpectedType)),
    ("a0", .malformed(.unexpectedType)),
    ("bf0002ff", .malformed(.unexpectedType)),
    ("a7000101614102190100031903e804020518 3c0601", .outOfRange(key: 3)),
    ("a7000101614102190100031903d404050518 3c0601", .outOfRange(key: 4)),
    ("a7000101614102190100031903d40402050006 01", .outOfRange(key: 5)),
    ("a7000101614102190100031903d404020518 3c0600", .outOfRange(key: 6)),
    // A kind without an outcome to come, an unknown kind, a reversal of nothing and of itself.
    ("a8000101614102190100031903d404020518 3c06010702", .missing(key: 9)),
    ("a8000101614102190100031903d404020518 3c06010707", .outOfRange(key: 7)),
    ("a9000101614102190100031903d404020518 3c060107030901", .missing(key: 8)),
    ("aa000101614102190100031903d404020518 3c06010703086141 0901", .outOfRange(key: 8)),
    ("a9000101614102190100031903d404020518 3c0601086142 0901", .outOfRange(key: 8)),
    // No outcome after 0 or 601 seconds, limits out of order or of no method, a part of no check.
    ("a8000101614102190100031903d404020518 3c06010900", .outOfRange(key: 9)),
    ("a8000101614102190100031903d404020518 3c0601091902 59", .outOfRange(key: 9)),
    ("a8000101614102190100031903d404020518 3c06010a82 8202 05 8201 05", .outOfRange(key: 10)),
    ("a8000101614102190100031903d404020518 3c06010a81 8203 05", .outOfRange(key: 10)),
    ("a8000101614102190100031903d404020518 3c06010a80", .outOfRange(key: 10)),
    ("a9000101614102190100031903d404020518 3c06010901 0e 8201 02", .missing(key: 13)),
    ("aa000101614102190100031903d404020518 3c06010901 0d6141 0e 8203 02", .outOfRange(key: 14)),
    // A tip beyond every amount, on a refund, of a mode there is not.
    (
      "a9000101614102 1bffffffffffffffff 031903d404020518 3c06010901 0b 8200 01",
      .outOfRange(key: 11)
    ),
    ("aa000101614102190100031903d404020518 3c060107020901 0b 8200 01", .outOfRange(key: 11)),
    ("a9000101614102190100031903d404020518 3c06010901 0b 8203 01", .outOfRange(key: 11)),
    // Outcomes that are not a register's to report, and a part that is not said.
    ("a4000601614102010300", .outOfRange(key: 2)),
    ("a4000601614102030300", .missing(key: 4)),
    ("a50006016141020403000401", .outOfRange(key: 4)),
  ]

  @Test("what is wrong is said", arguments: wrong.indices)
  func refused(index: Int) {
    #expect(throws: Self.wrong[index].1) {
      _ = try RegisterMessage(decoding: bytes(Self.wrong[index].0).span)
    }
  }

  @Test("keys a newer peer added are skipped, types it added are named")
  func newer() throws {
    let longer = bytes("a4 0002 016141 05 82 01a10203 06 f5")
    #expect(
      try RegisterMessage(decoding: longer.span) == .abort(Reference([0x41].span)!))
    #expect(try RegisterMessage(decoding: bytes("a2000f05820102").span) == .unknown(type: 15))
    #expect(try ControllerMessage(decoding: bytes("a1001818").span) == .unknown(type: 24))
  }

  @Test("the controller answers an unknown or malformed message with an error, but not an error")
  func errors() throws {
    let pair = try Pair()
    let world = try ControllerAlone(pair)
    for (message, type) in [("a2000f05820102", 15), ("a10002", 2), ("ff", 0)] as [(String, UInt64)]
    {
      #expect(
        try world.reply(to: bytes(message))
          == .error(ErrorMessage(type: type, reason: .protocolError)))
    }
    #expect(try world.reply(to: bytes("a300181f01090218 9a")) == nil)
  }
}

/// A controller's link whose register is only a session.
final class ControllerAlone {
  private let pair: Pair
  private var link: ControllerLink
  private var outbox = Outbox()
  private var time: Int64 = 0

  init(_ pair: Pair) throws {
    self.pair = pair
    var register = KeyPair()
    register.load(Key(bytes(NoiseTests.initiatorStatic)))
    link = try ControllerLink(
      secret: Key(bytes(NoiseTests.responderStatic)), register: Key(register.point.array),
      origin: testOrigin, epoch: 1, byteTime: .microseconds(1), now: at(0))
    var random = Key([UInt8](repeating: 3, count: 32))
    link.provideEphemeral(&random)
    _ = output()  // hello
    hear(try #require(pair.registerSays(1)))
    #expect(pair.register(hears: try #require(output()), 1) == .established)
    hear(try pair.registerSeals("\u{a1}", 1))
    while let content = output() { _ = pair.register(hears: content, time) }
  }

  private func hear(_ content: [UInt8]) {
    var offset = 0
    let stream = wire(content)
    while link.receive(stream.span, from: &offset, now: at(time), outbox: &outbox) != nil {}
  }

  private func output() -> [UInt8]? {
    time += 10
    var frame = WireFrame()
    return link.nextOutput(now: at(time), outbox: &outbox, into: &frame)
      ? contents(frame.array).frames[0] : nil
  }

  func reply(to message: [UInt8]) throws -> ControllerMessage? {
    var frame = WireFrame()
    let isSealed = try pair.registerSession.seal(message.span, now: at(time), into: &frame)
    #expect(isSealed)
    hear(contents(frame.array).frames[0])
    guard let content = output() else { return nil }
    #expect(pair.register(hears: content, time) == .message(isFirst: false))
    return try ControllerMessage(decoding: pair.heard.array.span)
  }
}
