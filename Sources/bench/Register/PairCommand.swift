// `bench pair`: makes the key file that `bench register` needs, by the code a controller shows.

import ArgumentParser
import CSodium
import Foundation
import Glibc
import Link
import Octets
import Register

struct PairCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pair",
    abstract: "Pairs with a real controller and writes the key file for `bench register`.",
    discussion: """
      Somebody opens the controller's window (its button, or `tillgate pair open`) and types here \
      the six digits that the controller shows. Exit status: 0 paired, 1 not paired, 2 something \
      is wrong here.
      """)

  @Argument(help: "The line: a serial port or pseudo-terminal.")
  var line: String
  @Option(help: "The key file to write, which must not be there yet (docs/KIT.md).")
  var keys: String
  @Option(help: "The register's name in the controller's list, at most 16 characters.")
  var name = "bench"
  @Option(help: "Bits per second.")
  var baud = 115_200

  func run() throws {
    do {
      guard let name = RegisterName([UInt8](name.utf8).span) else {
        throw SystemFailure("--name: at most 16 printable ASCII characters", EINVAL)
      }
      let file = try KeyFile(keys)
      let pairing = try Pairing(try openLine(line, baud: baud), baud: baud, name: name)
      if let failure = try pairing.run() {
        print(failure.words)
        throw ExitCode(1)
      }
      try pairing.write(to: file)
      print("paired: the keys are in \(keys)")
    } catch let failure as SystemFailure {
      FileHandle.standardError.write(Data("bench pair: \(failure)\n".utf8))
      throw ExitCode(2)
    }
  }
}

/// A file that only its owner reads, gone again unless keys were written to it.
private final class KeyFile {
  private let path: String
  private let file: Int32
  private var isWritten = false

  init(_ path: String) throws(SystemFailure) {
    self.path = path
    file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw SystemFailure(path) }
  }

  deinit {
    guard file >= 0 else { return }
    close(file)
    if !isWritten { unlink(path) }
  }

  /// Durable when it returns: the controller has stored its half already.
  func write(_ text: [UInt8]) throws(SystemFailure) {
    guard Glibc.write(file, text, text.count) == text.count, fsync(file) == 0 else {
      throw SystemFailure(path)
    }
    isWritten = true
    let folder = open(URL(filePath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY)
    defer { close(folder) }
    guard folder >= 0, fsync(folder) == 0 else { throw SystemFailure(path) }
  }
}

/// One pairing on a line, from the first frame to its end.
private final class Pairing {
  private let line: Int32
  private var session: PairingSession
  private var secret = Key()
  private var input = InputLines()
  private var wantsCode = false
  private var isInputAtEnd = false

  init(_ line: Int32, baud: Int, name: RegisterName) throws {
    self.line = line
    secret.fillRandomly()
    let byteTime = Interval(nanoseconds: 10_000_000_000 / Int64(baud))
    session = try PairingSession(
      secret: secret, name: name, byteTime: byteTime, now: monotonicNow())
  }

  deinit {
    secret.wipe()
    session.wipe()
    close(line)
  }

  /// Nil when it is paired.
  func run() throws -> PairingFailure? {
    var seed = Key()
    seed.fillRandomly()
    session.provideSeed(&seed)
    _ = session.start(now: monotonicNow())
    print("asking the controller: is its window open?")
    while true {
      switch try turn() {
      case .typeCode?:
        print("code that the controller shows:")
        wantsCode = true
      case .paired?: return nil
      case .failed(let failure)?: return failure
      case nil: break
      }
      while wantsCode, let text = input.next() { type(text) }
      if wantsCode, isInputAtEnd { return giveUp() }
    }
  }

  /// The controller, which shows a code, is told.
  private func giveUp() -> PairingFailure {
    session.cancel()
    writeDue()
    return .codeExpired
  }

  private func writeDue() {
    var frame = WireFrame()
    while session.nextOutput(now: monotonicNow(), into: &frame) { frame.write(to: line) }
  }

  private func turn() throws(SystemFailure) -> RegisterPairingEvent? {
    writeDue()
    let (bytes, isReady) = try awaitLine(
      line, orInput: wantsCode && !isInputAtEnd ? 0 : nil,
      until: session.nextDeadline(now: monotonicNow()))
    if isReady, !input.read() { isInputAtEnd = true }
    var offset = 0
    return session.receive(bytes.span, from: &offset, now: monotonicNow())
  }

  private func type(_ text: String) {
    let digits = text.filter { !$0.isWhitespace }
    guard digits.count == 6, let code = UInt32(digits), session.type(code, now: monotonicNow())
    else { return print("six digits, please:") }
    wantsCode = false
  }

  func write(to file: KeyFile) throws(SystemFailure) {
    var text: [UInt8] = []
    defer { text.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) } }
    let pairs = secret.withBytes { secret in
      session.withResult { controller, recordKey in
        [
          ("register-secret", hexadecimal(secret.array)),
          ("controller-public", hexadecimal(controller.array)),
          ("record-key", hexadecimal(recordKey.array)),
        ]
      }
    }
    for (name, key) in pairs ?? [] { text += [UInt8]("\(name) = \(key)\n".utf8) }
    try file.write(text)
  }
}

extension PairingFailure {
  fileprivate var words: String {
    switch self {
    case .noAnswer: "no answer: is the window open, is the line right?"
    case .codeExpired: "the code was not typed in time"
    case .refused(.wrongCode): "the controller refuses: that was not its code"
    case .refused(.closed): "the controller refuses: its window is closed"
    case .refused(.notStored): "the controller could not store the pairing: see its messages"
    case .refused(.full): "eight registers are paired: remove one at the controller"
    case .refused(let refusal): "the controller refuses, reason \(refusal.rawValue)"
    case .notTheController: "whoever answers is not the controller: look at the cable"
    }
  }
}
