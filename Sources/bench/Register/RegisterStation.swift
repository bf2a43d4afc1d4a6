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
}

final class RegisterStation {
  private var session: RegisterSession
  private let store: RecordFile
  private let recordKey: RecordKey
  private let line: Int32
  private var isClosing = false

  /// - Parameters:
  ///   - path: of the serial port or pseudo-terminal.
  ///   - keys: of a key file, see docs/KIT.md.
  init(_ path: String, baud: Int, keys file: String, records: String) throws {
    line = try Self.open(path, baud: baud)
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

  private static func open(_ path: String, baud: Int) throws -> Int32 {
    let line = Glibc.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    var mode = termios()
    guard line >= 0, tcgetattr(line, &mode) == 0 else { throw SystemFailure(path) }
    let speeds = [
      9600: B9600, 19200: B19200, 38400: B38400, 57600: B57600, 115200: B115200,
      230400: B230400, 460800: B460800, 921600: B921600,
    ]
    guard let speed = speeds[baud] else { throw SystemFailure("\(path): \(baud) baud", EINVAL) }
    cfmakeraw(&mode)
    cfsetspeed(&mode, speed_t(speed))
    guard tcsetattr(line, TCSANOW, &mode) == 0 else { throw SystemFailure(path) }
    return line
  }

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
    let now = monotonicNow()
    let wait = (session.nextDeadline(now: now) - now).nanoseconds / 1_000_000 + 1
    var ready = [
      pollfd(fd: line, events: Int16(POLLIN), revents: 0),
      pollfd(fd: input ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    guard poll(&ready, 2, Int32(min(max(wait, 0), 200))) > 0 else { return false }
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = ready[0].revents == 0 ? 0 : read(line, &bytes, bytes.count)
    if count == 0 && ready[0].revents != 0 || count < 0 && errno != EAGAIN {
      throw SystemFailure("line", count == 0 ? EIO : errno)
    }
    let at = monotonicNow()
    var offset = 0
    while let event = session.receive(
      bytes.span.extracting(0..<max(count, 0)), from: &offset, now: at)
    {
      let came = Came(at: at, event: event, message: session.messageBytes)
      try take(try handle(came))
    }
    return ready[1].revents != 0
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
