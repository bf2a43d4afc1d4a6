// `peerport pairing`: the controller's side of a pairing over standard input and output, in frames,
// with an open window. What it would show to people goes to standard error, a line each.

import Foundation
import Link
import Octets

enum PairingPeer {
  static func run() throws {
    var secret = Key()
    for byte in 1...32 as ClosedRange<UInt8> { try secret.append(byte) }
    var pairing = ControllerPairing()
    pairing.load(secret)
    // Each frame comes a while after the one before: tries are not made faster than they may be.
    var now = Instant(nanoseconds: 1_000_000_000)
    pairing.open(now: now)
    var decoder = FrameDecoder()
    while let byte = FileHandle.standardInput.readData(ofLength: 1).first {
      guard decoder.feed(byte) else { continue }
      now = now + .seconds(1)
      var seed = Key()
      for _ in 0..<32 { try seed.append(.random(in: 0...255)) }
      pairing.provideSeed(&seed)
      let event = decoder.withContent { pairing.receive($0, now: now) }
      if let event { try show(event, &pairing) }
      try answer(&pairing, now)
    }
  }

  private static func show(_ event: PairingEvent, _ pairing: inout ControllerPairing) throws {
    switch event {
    case .showCode(let code): say(String(format: "code %06u", code))
    case .wrongCode(let left): say("wrong \(left)")
    case .codeExpired: say("expired")
    case .closed: say("closed")
    case .accepted(let register):
      let key = register.key.withBytes { bytes in
        bytes.indices.map { String(format: "%02x", bytes[$0]) }.joined()
      }
      let name = register.name.withText { text in
        String(decoding: text.indices.map { text[$0] }, as: UTF8.self)
      }
      say("stored \(key) \(name)")
      var recordKey = Key()
      for byte in 0x40...0x5F as ClosedRange<UInt8> { try recordKey.append(byte) }
      if let event = pairing.stored(recordKey: recordKey) { try show(event, &pairing) }
    }
  }

  private static func answer(_ pairing: inout ControllerPairing, _ now: Instant) throws {
    var frame = WireFrame()
    guard pairing.nextFrame(now: now, into: &frame) else { return }
    let bytes = frame.withBytes { span in span.indices.map { span[$0] } }
    FileHandle.standardOutput.write(Data(bytes))
  }

  private static func say(_ line: String) {
    FileHandle.standardError.write(Data((line + "\n").utf8))
  }
}
