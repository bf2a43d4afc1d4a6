// A register on a real line: port, records and session, turned by whoever shows what comes.

import Foundation
import Glibc
import Link
import Octets
import Register
import Vault

/// What came, with what it came in.
struct Came {
  let at: Instant
  let event: RegisterEvent
  /// CBOR, docs/PROTOCOL.md section 5.
  let message: [UInt8]
  /// CBOR, section 8; of a record.
  var record: [UInt8] = []

  /// What a screen shows as a code: in the answer to a request for one.
  var payload: String? {
    guard case .response(let response) = event, response.request == .code, response.isAccepted,
      case .text(let payload)? = Item(message)?[5]
    else { return nil }
    return payload
  }
}

final class RegisterStation {
  private var session: RegisterSession
  private let store: RecordFile
  private let recordKey: RecordKey
  private let line: Int32
  /// The acquirer's payload for this merchant's codes.
  private let template: [UInt8]
  private var isClosing = false

  /// - Parameters:
  ///   - path: of the serial port or pseudo-terminal.
  ///   - keys: of a key file, see docs/KIT.md.
  ///   - template: the acquirer's payload for merchant-presented codes, at most 512 bytes.
  init(
    _ path: String, baud: Int, keys file: String, records: String, template: [UInt8]
  ) throws {
    self.template = template
    line = try openLine(path, baud: baud)
    let store = try RecordFile(records)
    self.store = store
    let text = [UInt8](try Data(contentsOf: URL(filePath: file)))
    var keys = KeyLines(["register-secret", "controller-public", "record-key"])
    defer { keys.wipe() }
    if let wrong = keys.read(text.span) {
      throw SystemFailure("\(file): \(wrong == 0 ? "a key is missing" : "line \(wrong)")", EINVAL)
    }
    let now = monotonicNow()
    let held = store.origin.flatMap { Origin($0.span) }
      .map { RecordsHeld(origin: $0, tree: store.tree) }
    var secret = Key()
    var controller = Key()
    defer { secret.wipe() }
    keys.copy(0, into: &secret)
    keys.copy(1, into: &controller)
    recordKey = try keys.withKey(2) { (bytes) throws(SealError) in try RecordKey(bytes) }
    session = try RegisterSession(
      secret: secret, controller: controller, held: held,
      byteTime: Interval(nanoseconds: 10_000_000_000 / Int64(baud)), now: now)
    tellTime()
  }

  deinit { close(line) }

  var isOpen: Bool { session.isOpen }
  var counts: RegisterCounts { session.counts }
  var recordsHeld: UInt64 { store.held }

  func tellTime() {
    let now = UInt64(Date().timeIntervalSince1970 * 1_000)
    session.tell(unixMilliseconds: now, now: monotonicNow())
  }

  func carryOut(_ order: Order) {
    switch order {
    case .pay(let request): session.pay(request)
    case .report(let report): session.report(report)
    case .tip(let choice): session.choose(choice)
    case .code(let request):
      let template = template
      _ = session.makeCode(
        request.reference, amount: request.amount, currency: request.currency,
        exponent: request.exponent, template: template.span)
    case .abort(let reference): session.abort(reference)
    case .status(let reference): session.queryStatus(reference)
    case .totals: session.queryTotals()
    case .close:
      // A period is closed by its name, which the open one's totals say.
      isClosing = true
      session.queryTotals()
    case .diagnosis: session.queryDiagnosis()
    case .time: tellTime()
    case .wait, .quit: break
    }
  }

  /// Writes what is due, waits for the line or for `input`, at most a second, and takes what came.
  /// Returns whether `input` can be read.
  func turn(_ input: Int32?, _ take: (Came) throws -> Void) throws -> Bool {
    while session.writeDue(to: line) {}
    let (bytes, isReady) = try awaitLine(
      line, orInput: input, until: session.nextDeadline(now: monotonicNow()))
    let at = monotonicNow()
    var offset = 0
    while let event = session.receive(bytes.span, from: &offset, now: at) {
      let came = Came(at: at, event: event, message: session.messageBytes)
      try take(try handle(came))
    }
    return isReady
  }

  private func handle(_ came: Came) throws -> Came {
    var came = came
    switch came.event {
    case .linkUp(let info, .newOrigin):
      var origin = Bytes<16>()
      try info.origin.append(to: &origin)
      try store.begin((0..<16).map { origin[$0] }, start: info.start)
    case .record(let index):
      try store.add(session.sealedBytes)
      session.acknowledge(index)
      came.record = try opened()
    case .recordCopy: came.record = try opened()
    case .recall(let index):
      if let record = try store.record(index) { session.sendBack(index, sealed: record.span) }
    case .totals(let totals) where isClosing && !totals.isClosed:
      isClosing = false
      session.queryTotals(closing: totals.name)
    default: break
    }
    return came
  }

  private func opened() throws -> [UInt8] {
    var plain = SealedRecord()
    try openAnyRecord(session.sealedBytes.span, with: recordKey, into: &plain)
    return (0..<plain.count).map { plain[$0] }
  }
}
