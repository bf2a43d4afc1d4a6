import Octets
import Testing

@testable import Link

@Suite("A pairing")
struct PairingTests {
  private static let registerPublic = bytes(
    "8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f")
  private static let controllerPublic = bytes(
    "07a37cbc142093c8b755dc1b10e86cb426374ad16aa853ed0bdfc0b2b86d1c7c")

  @Test("by the code that is shown ends with each other's keys and the record key on both sides")
  func pairs() throws {
    let world = try PairingWorld()
    world.openWindow()
    #expect(world.start())
    world.pair()
    #expect(world.registerEvents == [.typeCode, .paired])
    #expect(world.stored.map { key($0) } == [Self.registerPublic])
    #expect(world.stored[0].name == RegisterName(Array("till 3".utf8).span))
    #expect(world.result?.controller == Self.controllerPublic)
    #expect(world.result?.record == PairingWorld.recordKey)
    #expect(world.controllerEvents.count == 3 && world.controllerEvents.last == .closed)
    #expect(world.isOpen == false)
    // Eight frames, and no content is longer than it may be.
    #expect(world.said.map(\.content[0]) == [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17])
    #expect(world.said.allSatisfy { $0.content.count <= 144 })
  }

  @Test("needs an open window: without one nothing is answered, and nothing changes")
  func noWindow() throws {
    let world = try PairingWorld()
    #expect(world.start())
    world.run(1_000)
    #expect(world.said.allSatisfy { $0.fromRegister })
    #expect(world.controllerCounts.stray == UInt64(world.said.count))
    world.pair()
    #expect(world.registerEvents == [.failed(.noAnswer)])
    #expect((120_000...120_010).contains(world.now))
  }

  @Test("can be asked for before the window is opened")
  func earlyAsk() throws {
    let world = try PairingWorld()
    #expect(world.start())
    world.run(7_000)
    world.openWindow()
    world.pair()
    #expect(world.registerEvents == [.typeCode, .paired])
  }

  @Test("with a wrong code fails on both sides and costs a try; the third closes the window")
  func wrongCode() throws {
    let world = try PairingWorld()
    world.types = { world in world.code.map { ($0 + 1) % 1_000_000 } }
    world.openWindow()
    var codes: Set<UInt32> = []
    for left in [2, 1, 0] {
      #expect(world.start())
      world.pair()
      #expect(world.registerEvents.last == .failed(.refused(.wrongCode)))
      codes.insert(shownCode(world.controllerEvents))
      let wanted: PairingEvent = left > 0 ? .wrongCode(triesLeft: left) : .closed
      #expect(world.controllerEvents.last == wanted)
      world.run(1_000)
    }
    #expect(codes.count == 3, "each try has its own code")
    #expect(!world.isOpen && world.stored.isEmpty && world.result == nil)
    #expect(world.controllerCounts.wrongCodes == 3)
    #expect(world.start())
    world.run(2_000)
    #expect(world.all(.greet).count == 3)
  }

  @Test("is over when the window is, whatever it is at")
  func windowEnds() throws {
    let world = try PairingWorld()
    world.types = { _ in nil }
    world.openWindow()
    world.run(100_000)
    #expect(world.start())
    world.run(19_000)
    #expect(world.isOpen && world.code != nil)
    world.run(1_001)
    #expect(world.isOpen == false && world.code == nil)
    #expect(world.registerEvents == [.typeCode, .failed(.refused(.closed))])
  }

  @Test("waits a minute for the code, then shows another to whoever asks again")
  func slowTyping() throws {
    let world = try PairingWorld()
    world.types = { _ in nil }
    world.openWindow()
    #expect(world.start())
    world.run(60_100)
    #expect(world.controllerEvents.last == .codeExpired)
    #expect(
      world.registerEvents.last == .failed(.refused(.closed))
        || world.registerEvents.last == .failed(.codeExpired))
    world.types = { $0.code }
    #expect(world.start())
    world.pair()
    #expect(world.registerEvents.last == .paired)
    #expect(world.controllerCounts.wrongCodes == 0)
  }

  @Test("is given up by either side at once")
  func cancels() throws {
    let world = try PairingWorld()
    world.types = { _ in nil }
    world.openWindow()
    #expect(world.start())
    world.run(100)
    world.cancel()
    world.run(100)
    #expect(world.controllerEvents.last == .codeExpired && world.isOpen)
    world.run(1_000)
    #expect(world.start())
    world.run(1_000)
    world.closeWindow()
    world.run(10)
    #expect(world.registerEvents.last == .failed(.refused(.closed)))
    #expect(world.isOpen == false)
  }

  @Test("gets over frames lost, repeated and changed, each of them", arguments: 0..<8)
  func badLine(_ place: Int) throws {
    let world = try PairingWorld(seed: UInt64(place))
    var count = 0
    world.line = { _, content in
      count += 1
      guard count == place + 1 else { return [content, content] }
      var changed = content
      changed[content.count - 1] ^= 1
      return place == 0 ? [] : [changed]
    }
    world.openWindow()
    #expect(world.start())
    world.pair()
    #expect(world.registerEvents == [.typeCode, .paired])
    #expect(world.stored.count == 1)
    #expect(place == 0 || world.controllerCounts.forged + world.registerCounts.forged == 1)
  }

  @Test("takes nothing of any frame for granted")
  func everyByte() throws {
    let clean = try PairingWorld()
    clean.openWindow()
    #expect(clean.start())
    clean.pair()
    for (place, frame) in clean.said.enumerated() {
      for byte in frame.content.indices where byte < 6 || byte % 7 == 0 {
        let world = try PairingWorld()
        var count = 0
        world.line = { _, content in
          count += 1
          guard count == place + 1 else { return [content] }
          var changed = content
          changed[byte] ^= 0x10
          return [changed, Array(content.dropLast()), content + [0], Array(content.prefix(byte))]
        }
        world.openWindow()
        #expect(world.start())
        world.run(40)
        // The frame's own repeat has not come yet: nothing is paired by a changed one, but for the
        // first, whose change the handshake finds out later.
        #expect(world.stored.isEmpty || place == 7, "frame \(place), byte \(byte)")
        #expect(world.result == nil, "frame \(place), byte \(byte)")
      }
    }
  }

  @Test("ends well or can be repeated wherever the power goes", arguments: 1...8, [true, false])
  func powerCut(after frames: Int, isController: Bool) throws {
    let world = try PairingWorld(seed: UInt64(frames))
    world.openWindow()
    #expect(world.start())
    while world.said.count < frames { world.run(1) }
    if isController { try world.restartController() } else { try world.restartRegister() }
    world.run(16_000)
    // A register that is paired is stored at the controller too; the other way round it only
    // needs to pair again.
    if world.result != nil { #expect(world.stored.count == 1) }
    world.cancel()
    world.openWindow()
    #expect(world.start())
    world.pair()
    #expect(world.registerEvents.last == .paired)
    #expect(world.stored.map { key($0) } == [Self.registerPublic])
  }

  @Test("in which the controller's disk is slow or full says so")
  func disk() throws {
    let slow = try PairingWorld()
    var asked = 0
    slow.disk = { _ in
      asked += 1
      return asked > 1_000 ? true : nil
    }
    slow.openWindow()
    #expect(slow.start())
    slow.pair()
    #expect(slow.registerEvents.last == .paired)

    let full = try PairingWorld()
    full.disk = { _ in false }
    full.openWindow()
    #expect(full.start())
    full.pair()
    #expect(full.registerEvents.last == .failed(.refused(.notStored)))
    #expect(full.isOpen == false && full.result == nil)
  }

  @Test("whose last answer is lost is answered again, after the window is closed")
  func lostEnd() throws {
    let world = try PairingWorld()
    var lost = 0
    world.line = { _, content in
      guard content[0] == PairingFrame.finish.rawValue, lost < 3 else { return [content] }
      lost += 1
      return []
    }
    world.openWindow()
    #expect(world.start())
    world.pair()
    #expect(world.registerEvents.last == .paired && lost == 3)
    #expect(Set(world.all(.finish)).count == 1, "a nonce serves one message")
  }

  private func key(_ register: PairedRegister) -> [UInt8] {
    register.key.withBytes { bytes in bytes.indices.map { bytes[$0] } }
  }

  private func shownCode(_ events: [PairingEvent]) -> UInt32 {
    for case .showCode(let code) in events.reversed() { return code }
    return .max
  }
}
