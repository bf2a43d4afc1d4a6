import CSerial
import Glibc
import Octets
import Testing

@testable import LinuxBoard

/// Keeper and loop of one port, driven by hand with a clock of its own.
private final class Ends {
  let memory: LockedMemory<PortSlot>
  var keeper: PortKeeper
  var port: SerialPort
  var now = Instant(nanoseconds: 1)
  var buffer = Bytes<256>()

  init(_ path: String) throws {
    signal(SIGPIPE, SIG_IGN)
    memory = try LockedMemory { $0.initialize(to: PortSlot()) }
    keeper = PortKeeper(
      PortSettings(path: device(path), baud: 115_200), slot: memory.pointer)
    port = SerialPort(slot: memory.pointer)
  }

  /// Lets 100 ms pass at both ends.
  func pass() -> SerialPort.Change {
    now = now + .milliseconds(100)
    keeper.tend(at: now)
    return port.tend()
  }

  func send(_ bytes: [UInt8]) -> Int { port.write(bytes.span) }

  func receive() -> [UInt8] {
    buffer.removeAll()
    buffer.appendFilling { port.read(into: &$0) }
    return buffer.withBytes { bytes in bytes.indices.map { bytes[$0] } }
  }

  func receive(_ count: Int) -> [UInt8] {
    var found: [UInt8] = []
    _ = eventually {
      found += receive()
      return found.count >= count || !port.isUp
    }
    return found
  }
}

@Suite("A port that comes and goes")
struct SerialPortTests {
  /// Every byte value: nothing on the way may be taken for a control character or a line end.
  static let everyByte = (0...255).map { UInt8($0) }

  @Test("a pty carries every byte both ways")
  func pty() throws {
    let folder = Folder()
    let master = Pty(linkedAs: folder.name("nfc"))
    let ends = try Ends(folder.name("nfc"))
    #expect(ends.receive() == [] && ends.send([1]) == 0)
    #expect(ends.pass() == .cameUp)
    #expect(ends.receive() == [] && ends.port.isUp)
    master.write(Self.everyByte)
    #expect(ends.receive(256) == Self.everyByte)
    #expect(ends.send(Self.everyByte) == 256)
    #expect(master.read(256) == Self.everyByte)
    #expect(eventually { ends.port.queued() == 0 } && ends.port.isUp)
    #expect(ends.memory.pointer.pointee.failure == 0)
  }

  @Test("a UNIX socket carries every byte both ways")
  func unixSocket() throws {
    let folder = Folder()
    let listener = listening(at: folder.name("register"))
    let ends = try Ends(folder.name("register"))
    #expect(ends.pass() == .cameUp)
    let peer = Descriptor(accept(listener.number, nil, nil))
    peer.write(Self.everyByte)
    #expect(ends.receive(256) == Self.everyByte)
    #expect(ends.send(Self.everyByte) == 256)
    #expect(peer.read(256) == Self.everyByte)
  }

  @Test("a pulled cable is told once, and what comes back is taken up", arguments: [false, true])
  func comesBack(noticedByWriting: Bool) throws {
    let folder = Folder()
    var master: Pty? = Pty(linkedAs: folder.name("scanner"))
    let ends = try Ends(folder.name("scanner"))
    #expect(ends.pass() == .cameUp)
    for round in 0..<3 as Range<UInt8> {
      master = nil
      #expect(
        eventually {
          _ = noticedByWriting ? ends.send([0]) : ends.receive().count
          return !ends.port.isUp
        })
      #expect(ends.port.tend() == .wentDown)
      #expect(ends.port.tend() == .none)
      for _ in 0..<50 { #expect(ends.pass() == .none) }
      #expect(ends.memory.pointer.pointee.failure == ENOENT)
      master = Pty(linkedAs: folder.name("scanner"))
      #expect(eventually { ends.pass() == .cameUp })
      master?.write([round, 1, 2])
      #expect(ends.receive(3) == [round, 1, 2])
    }
  }

  @Test("a socket's hang-up is a loss")
  func socketHangUp() throws {
    let folder = Folder()
    let listener = listening(at: folder.name("register"))
    let ends = try Ends(folder.name("register"))
    #expect(ends.pass() == .cameUp)
    var peer: Descriptor? = Descriptor(accept(listener.number, nil, nil))
    peer?.write([5])
    peer = nil
    #expect(ends.receive(2) == [5])
    #expect(ends.port.tend() == .wentDown)
    #expect(eventually { ends.pass() == .cameUp })
  }

  @Test("a full line takes no more and loses nothing")
  func full() throws {
    let folder = Folder()
    let master = Pty(linkedAs: folder.name("slow"))
    let ends = try Ends(folder.name("slow"))
    #expect(ends.pass() == .cameUp)
    var sent: [UInt8] = []
    while true {
      let taken = ends.send(Self.everyByte)
      sent += Self.everyByte[..<taken]
      if taken == 0 { break }
    }
    #expect(ends.port.isUp && sent.count > 256)
    #expect(master.read(sent.count) == sent)
  }

  @Test("what cannot be opened says why", arguments: [("absent", ENOENT), ("file", ENOTTY)])
  func failure(name: String, reason: Int32) throws {
    let folder = Folder()
    _ = Descriptor(creat(folder.name("file"), 0o600))
    let ends = try Ends(folder.name(name))
    #expect(ends.pass() == .none)
    #expect(ends.memory.pointer.pointee.failure == reason)
  }

  @Test(
    "names that no device can have are refused",
    arguments: ["", "a\0b", String(repeating: "x", count: 108)])
  func names(name: String) {
    let bytes = Array(name.utf8)
    #expect(DeviceName(bytes.span) == nil)
  }
}
