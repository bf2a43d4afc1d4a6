// The worked example of docs/PROTOCOL.md section 9, against both sides of a pairing.

import Foundation
import Octets
import Testing

@testable import Link

@Suite("The pairing of docs/PROTOCOL.md")
struct PairingPageTests {
  private let page = ProtocolPage()

  @Test("a whole pairing, frame by frame, and its code")
  func example() throws {
    var controller = ControllerPairing()
    controller.load(Key([UInt8](1..<33)))
    var register = try RegisterPairing(
      secret: Key([UInt8](0..<32)), name: RegisterName(Array("till 3".utf8).span)!)
    controller.open(now: at(0))
    controller.secrets.take(
      ephemeral: Key([UInt8](0x41..<0x61)), nonce: Key([UInt8](0x61..<0x81)),
      scalar: Key(bytes(CPaceTests.a)))
    register.secrets.take(
      ephemeral: Key([UInt8](0x20..<0x40)), nonce: Key([UInt8](0x81..<0xA1)),
      scalar: Key(bytes(CPaceTests.b)))
    let isStarted = register.start(now: at(0))
    #expect(isStarted)
    var frame = WireFrame()
    var shown: UInt32 = 0
    for (label, fromRegister) in [
      ("ask", true), ("greet", false), ("introduce", true), ("share", false), ("prove", true),
      ("reveal", false), ("accept", true), ("finish", false),
    ] {
      let isSent =
        fromRegister
        ? register.nextFrame(now: at(0), into: &frame)
        : controller.nextFrame(now: at(0), into: &frame)
      #expect(isSent, "\(label)")
      let said = contents(frame.array).frames[0]
      page.expect(label, said)
      guard fromRegister else {
        let event = register.receive(said.span, now: at(0))
        if event == .typeCode { _ = register.type(shown, now: at(0)) }
        continue
      }
      switch controller.receive(said.span, now: at(0)) {
      case .showCode(let code):
        shown = code
        page.expect("code", text: String(format: "%06u", code))
      case .accepted:
        _ = controller.stored(recordKey: Key([UInt8](0x40..<0x60)))
      default: break
      }
    }
  }
}
