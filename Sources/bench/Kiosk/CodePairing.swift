// Pairs the bench's register with the real firmware as people do: `tillgate pair` on one side shows
// a code, which is typed on the other.

import CSodium
import Foundation
import Glibc
import Link
import Octets
import Register

struct CodePairing {
  private let line: Pseudoterminal
  private let terminal: Program
  private let secret = PairingKeys.random()

  /// Opens the window of the firmware that runs in `folder`.
  init(_ line: Pseudoterminal, _ firmware: [String], in folder: String) throws {
    self.line = line
    terminal = try Program(
      firmware[0], firmware.dropFirst() + ["pair", "--state", "state"], in: folder)
  }

  /// Ends with the keys, and the code that was typed.
  func run() throws -> (keys: PairingKeys, code: String) {
    var session = try PairingSession(
      secret: Key(copying: secret), name: Self.name, byteTime: VirtualRegister.byteTime,
      now: monotonicNow())
    defer { session.wipe() }
    var seed = Key(copying: PairingKeys.random())
    session.provideSeed(&seed)
    guard session.start(now: monotonicNow()) else { throw KioskFailure("no pairing started") }
    var typed = ""
    let deadline = Date().addingTimeInterval(60)
    while Date() < deadline {
      switch read(&session) {
      case .typeCode:
        typed = try code()
        _ = session.type(UInt32(typed)!, now: monotonicNow())
      case .paired:
        let keys = session.withResult { controller, record in
          PairingKeys(
            register: secret, controller: controller.array, record: record.array)
        }
        guard terminal.line(containing: "paired: ") != nil, terminal.finish() == 0, let keys else {
          throw KioskFailure("tillgate pair ended otherwise:\n\(terminal.said)")
        }
        return (keys, typed)
      case .failed(let why): throw KioskFailure("pairing failed (\(why)):\n\(terminal.said)")
      case nil: break
      }
      write(&session)
    }
    throw KioskFailure("nothing came of the pairing:\n\(terminal.said)")
  }

  /// What a human reads on the terminal.
  private func code() throws -> String {
    guard let shown = terminal.line(containing: "code "),
      let code = shown.split(separator: " ").dropFirst().first?.prefix(6), code.count == 6,
      UInt32(code) != nil
    else { throw KioskFailure("no code was shown:\n\(terminal.said)") }
    return String(code)
  }

  private static var name: RegisterName {
    RegisterName(Array("bench".utf8).span) ?? RegisterName()
  }

  private func read(_ session: inout PairingSession) -> RegisterPairingEvent? {
    var wanted = pollfd(fd: line.descriptor, events: Int16(POLLIN), revents: 0)
    _ = poll(&wanted, 1, 1)
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = max(Glibc.read(line.descriptor, &bytes, bytes.count), 0)
    var offset = 0
    return session.receive(
      bytes.span.extracting(0..<count), from: &offset, now: monotonicNow())
  }

  private func write(_ session: inout PairingSession) {
    var frame = WireFrame()
    guard session.nextOutput(now: monotonicNow(), into: &frame) else { return }
    frame.write(to: line.descriptor)
  }
}

extension Bytes<640> {
  /// Writes the whole frame to a descriptor that does not wait.
  borrowing func write(to descriptor: Int32) {
    withBytes { bytes in
      bytes.withUnsafeBytes { bytes in
        var sent = 0
        while sent < bytes.count {
          let count = Glibc.write(descriptor, bytes.baseAddress! + sent, bytes.count - sent)
          if count > 0 { sent += count } else if errno != EAGAIN { return }
        }
      }
    }
  }
}

extension Span where Element == UInt8 {
  var array: [UInt8] { indices.map { self[$0] } }
}
