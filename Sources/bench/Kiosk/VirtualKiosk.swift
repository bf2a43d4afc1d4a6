// A whole kiosk without hardware: the real firmware in a folder of its own, a stream of edges for
// its head, a pseudoterminal for its register.

import Foundation
import Link
import Magstripe
import Octets
import Register
import Simulator
import Vault

/// What went wrong at the kiosk.
struct KioskFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The register's line.
struct LineSettings {
  /// Bits a second, ten to a byte.
  var baud = 115_200
  /// Whether bytes take the time that they would on a UART.
  var isPaced = false
  /// The probability that a byte arrives with a wrong bit, and the seed of which; paced lines only.
  var flips = 0.0
  var seed: UInt64 = 1

  /// The virtual board's file, with these rates for the register and the contactless reader.
  func board(in folder: String, readerBaud: Int) throws -> String {
    let path = URL(fileURLWithPath: "boards/virtual/board.ini").path
    guard baud != 115_200 || readerBaud != 921_600 else { return path }
    let text = try String(contentsOfFile: path, encoding: .utf8)
      .replacingOccurrences(of: "\nbaud = 115200", with: "\nbaud = \(baud)")
      .replacingOccurrences(of: "max_baud = 921600", with: "max_baud = \(readerBaud)")
    let copy = folder + "/board.ini"
    try text.write(toFile: copy, atomically: false, encoding: .utf8)
    return copy
  }
}

final class VirtualKiosk {
  let folder: String
  private(set) var register: VirtualRegister
  let feed: EdgeFeed
  /// The contactless reader's chip.
  let chip: ChipServer
  /// What the customer reads.
  let display: VirtualDisplay
  private let scanner: Pseudoterminal
  let program: Program
  /// Just before the program was started.
  let startedAt: Instant
  private let keySet: TestKeySet
  private let pairing: PairingKeys
  /// The code by which the register was paired; nil when the keys came from a file.
  let code: String?
  private var line: Pseudoterminal
  /// The line at its real speed, when that was asked for.
  let pacing: PacedLine?
  private let baud: Int

  /// Makes the folder, loads the test keys with the firmware's own commands and starts it.
  /// `firmware` is the program, perhaps with an emulator before it. The register gets its keys from
  /// a file, or as people do it, by a code.
  init(
    _ firmware: [String], keys: TestKeySet = .tdes, environment: [String: String] = [:],
    lead: Interval = .milliseconds(100), readerBaud: Int = 921_600,
    line settings: LineSettings = LineSettings(), pairsByCode: Bool = false,
    under parent: String = NSTemporaryDirectory()
  ) throws {
    keySet = keys
    folder = parent + "tillgate-kiosk-\(UUID().uuidString)"
    line = try Pseudoterminal()
    chip = try ChipServer()
    display = try VirtualDisplay()
    scanner = try Pseudoterminal()
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let ports = [
      ("register", line.path), ("reader", chip.line.path), ("scanner", scanner.path),
      ("display", display.line.path),
    ]
    for (name, path) in ports {
      try manager.createSymbolicLink(atPath: folder + "/\(name).tty", withDestinationPath: path)
    }
    guard mkfifo(folder + "/stripe.edges", 0o600) == 0 else { throw SystemFailure("mkfifo") }
    let board = try settings.board(in: folder, readerBaud: readerBaud)
    let (fileKeys, file) = PairingKeys.withFile()
    try Self.provision(firmware, in: folder, keys, pairing: pairsByCode ? nil : file)
    feed = try EdgeFeed(folder + "/stripe.edges", lead: lead)
    startedAt = monotonicNow()
    program = try Program(
      firmware[0], firmware.dropFirst() + ["run", board], in: folder, environment)
    baud = settings.baud
    if pairsByCode {
      guard program.line(containing: "the loop runs") != nil else {
        throw KioskFailure("the firmware does not start:\n\(program.said)")
      }
      let (keys, code) = try CodePairing(line, firmware, in: folder).run()
      pairing = keys
      self.code = code
    } else {
      pairing = fileKeys
      code = nil
    }
    pacing = try settings.isPaced ? PacedLine(line, settings) : nil
    register = VirtualRegister(
      pacing?.registerDescriptor ?? line.descriptor, pairing, baud: settings.baud)
    try awaitSession()
  }

  private func awaitSession() throws {
    guard register.wait(within: 20, { if case .linkUp = $0.event { true } else { false } }) != nil
    else {
      throw KioskFailure("no session with the firmware, which said:\n\(program.said)")
    }
  }

  /// Pulls the register's cable and plugs it in again: another terminal under the same name, and a
  /// register that was started anew.
  func replug() throws {
    precondition(pacing == nil, "a paced line is never pulled: our own use")
    register.stop()
    guard register.waitUntilStopped() else { throw KioskFailure("the register does not stop") }
    // The old one is closed when nobody holds it any more.
    let fresh = try Pseudoterminal()
    line = fresh
    let name = folder + "/register.tty"
    try FileManager.default.removeItem(atPath: name)
    try FileManager.default.createSymbolicLink(atPath: name, withDestinationPath: fresh.path)
    register = VirtualRegister(fresh.descriptor, pairing, baud: baud)
    try awaitSession()
  }

  private static func provision(
    _ firmware: [String], in folder: String, _ keys: TestKeySet, pairing: String?
  ) throws {
    func secret(_ name: String, _ content: String) throws {
      let path = folder + "/" + name
      try content.write(toFile: path, atomically: false, encoding: .utf8)
      chmod(path, 0o600)
    }
    try secret("protection-key", keys.protectionKey + "\n")
    try secret("key-block", keys.block + "\n")
    var commands = [
      ["load", "--state", "state", "--protection-key", "protection-key", "--block", "key-block"]
    ]
    if let pairing {
      try secret("pairing", pairing)
      commands.append(["pair", "--state", "state", "--keys", "pairing"])
    }
    for command in commands {
      let result = try Program.run(
        firmware[0], firmware.dropFirst() + ["keys"] + command, in: folder)
      guard result.status == 0 else {
        throw KioskFailure("tillgate keys \(command[0]): \(result.said)")
      }
    }
    for name in ["protection-key", "key-block", "pairing"] {
      try? FileManager.default.removeItem(atPath: folder + "/" + name)
    }
  }

  /// Stops everything and removes the folder; returns the firmware's exit code.
  @discardableResult func close() -> Int32 {
    let status = program.stop()
    register.stop()
    chip.stop()
    display.stop()
    pacing?.stop()
    try? FileManager.default.removeItem(atPath: folder)
    return status
  }

  /// `close`, for a firmware that has to end well.
  func end() throws {
    let status = close()
    guard status == 0 else {
      throw KioskFailure("the firmware ended with \(status): \(program.said)")
    }
  }

  /// The scanner sends `text`.
  func scan(_ text: String) {
    let bytes = Array(text.utf8)
    let count = write(scanner.descriptor, bytes, bytes.count)
    precondition(count == bytes.count, "a pseudoterminal takes a line")
  }

  /// Asks for a payment and waits until a card can be swiped.
  func arm(_ payment: PaymentRequest) throws {
    let start = register.heard.count
    register.ask(.pay(payment))
    let answer = register.wait(from: start) {
      if case .response(let response) = $0.event {
        response.reference == payment.reference
      } else {
        false
      }
    }
    guard case .response(let response)? = answer?.event else {
      close()
      throw KioskFailure(
        "no answer to a payment request; the firmware said:\n\(program.said)"
      )
    }
    guard response.isAccepted else {
      throw KioskFailure("payment refused, reason \(hexadecimal([response.reason.rawValue]))")
    }
  }

  /// Opens a closing record; nil when it is a card's.
  func openClosing(_ sealed: [UInt8]) throws -> OpenedClosing? {
    try OpenedClosing(sealed, recordKey: pairing.record)
  }

  /// Opens a sealed record as the register does, and its card data as the acquirer does.
  func open(_ sealed: [UInt8]) throws -> OpenedRecord {
    try OpenedRecord(sealed, recordKey: pairing.record, keySet)
  }
}

/// A record as the people at the till see it, with the card data that only the acquirer sees.
struct OpenedRecord {
  var reference: String
  var index: UInt64
  var amount: Record.Amount
  var time: Date
  var maskedPAN: String
  var scheme: UInt8?
  var isBackward: Bool
  var ksn: [UInt8]
  var track1: String
  var track2: String
  var track3: String
  /// Of a tapped card: DE55, what only the acquirer sees, and what was said of it.
  var entryMode: UInt8
  var de55: [UInt8]
  var objects: [UInt8]
  var formFactor: UInt8
  /// A payment code, as the acquirer finds it.
  var code: [UInt8]

  init(_ sealed: [UInt8], recordKey: [UInt8], _ keys: TestKeySet) throws {
    let key = try RecordKey(recordKey.span)
    let record = try Record(opening: sealed.span, with: key)
    reference = record.reference.text
    index = record.index
    amount = record.amount
    time = Date(timeIntervalSince1970: Double(record.unixMilliseconds) / 1000)
    maskedPAN = record.maskedPAN.text
    scheme = record.scheme
    isBackward = record.swipe?.isBackward ?? false
    ksn = record.ksn.array
    let (host, block, serial) = (keys.host, record.ciphertext.array, record.ksn.array)
    var plaintext = Bytes<240>()
    try host.decrypt(block.span, ksn: serial.span, into: &plaintext)
    let card = try plaintext.withBytes { (bytes) throws(CardDataError) in
      try CardData(decoding: bytes)
    }
    track1 = card.track1.text
    track2 = card.track2.text
    track3 = card.track3.text
    entryMode = record.entryMode.rawValue
    de55 = record.chipData.array
    objects = card.objects.array
    formFactor = record.chip.formFactor
    code = card.code.array
  }
}

extension Bytes {
  var array: [UInt8] { withBytes { bytes in bytes.indices.map { bytes[$0] } } }
  var text: String { String(decoding: array, as: UTF8.self) }
}
