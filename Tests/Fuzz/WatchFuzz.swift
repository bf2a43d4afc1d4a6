// Fuzzes the line on which a register only watches. The input's first byte says who speaks: a
// stranger on the cable, whose bytes change nothing at all, or the register itself with any
// messages, which may ask and be refused. The register is told the next record afterwards.

import Link
import Octets

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  guard let who = input.first else { return 0 }
  var line = WatchedLine()
  line.connect()
  if who & 1 == 0 {
    line.stranger(Array(input.dropFirst()))
  } else {
    // A message behind its length, one after the other.
    var rest = input.dropFirst()
    while let count = rest.first {
      line.registerSays(Array(rest.dropFirst().prefix(Int(count) * 4)))
      rest = rest.dropFirst(1 + Int(count) * 4)
    }
  }
  line.tell()
  return 0
}

private struct WatchedLine: ~Copyable {
  private var link: WatchLink
  private var register: Session
  private var pairing = ControllerPairing()
  private var outbox = Outbox()
  private var decoder = RepairingDecoder()
  private var frame = WireFrame()
  private var heard = MessageBytes()
  private var now = Instant(nanoseconds: 0)

  init() {
    do {
      link = try WatchLink(
        secret: key(1...32), origin: Self.origin, byteTime: .microseconds(87), now: now)
      try link.pin(publicKey(Self.registerKey))
      register = try Session(
        role: .register, secret: key(0...31), peer: key(Self.controllerKey), now: now)
    } catch { preconditionFailure("good keys") }
  }

  private static var origin: Origin {
    let bytes = [UInt8](repeating: 7, count: 16)
    guard let origin = Origin(bytes.span) else { preconditionFailure("16 bytes") }
    return origin
  }

  mutating func connect() {
    var one = key(32...63)
    var two = key(65...96)
    register.provideEphemeral(&one)
    link.provideEphemeral(&two)
    precondition(register.nextFrame(now: now, into: &frame))
    precondition(take(bytes(of: frame)) == 0)
    while !register.isOpen { precondition(send(), "an answer is due") }
    let time = RegisterMessage.time(unixMilliseconds: nil, takesParity: true)
    say { (plain) throws(Overflow) in try time.encode(into: &plain) }
    precondition(link.isOpen)
  }

  /// The register says something; the number of events that it made.
  @discardableResult
  private mutating func say(
    _ write: (inout MessageBytes) throws(Overflow) -> Void
  ) -> Int {
    var plain = MessageBytes()
    do {
      try write(&plain)
      let isSealed = try plain.withBytes { (message) throws(Overflow) in
        try register.seal(message, now: now, into: &frame)
      }
      precondition(isSealed)
    } catch { preconditionFailure("it fits a frame") }
    return take(bytes(of: frame))
  }

  mutating func registerSays(_ message: [UInt8]) {
    guard message.count <= LinkLimits.message else { return }
    let events = say { (plain) throws(Overflow) in try plain.append(message.span) }
    precondition(events <= 1, "one message is one event at most")
    _ = send()
  }

  mutating func stranger(_ bytes: [UInt8]) {
    let before = link.counts.sessions.sessions
    precondition(take(bytes) == 0, "a stranger causes no event")
    precondition(link.isOpen && link.counts.sessions.sessions == before)
    // What he left on the line goes with the next zero.
    precondition(take([0]) == 0)
  }

  /// A record is made, and the register gets it.
  mutating func tell() {
    let index = outbox.next
    let record = [UInt8](repeating: 0xA5, count: 400)
    do { try outbox.append(record.span) } catch { preconditionFailure("there is room") }
    for _ in 0..<100 {
      precondition(send(), "the record waits")
      if case .record(let told)? = lastSaid() {
        precondition(told.index == index && told.sealed.count == record.count)
        return
      }
    }
    preconditionFailure("the record was not told")
  }

  private borrowing func lastSaid() -> ControllerMessage? {
    heard.withBytes { try? ControllerMessage(decoding: $0) }
  }

  /// The controller's next frame, to the register; false when there is none.
  private mutating func send() -> Bool {
    now = now + .seconds(1)
    heard.removeAll()
    let isDue = link.nextOutput(
      now: now, outbox: outbox, end: outbox.next, pairing: &pairing, into: &frame)
    guard isDue else { return false }
    for byte in bytes(of: frame) where decoder.feed(byte) {
      let event = decoder.withContent { register.receive($0, now: now, into: &heard) }
      precondition(event != .nothing || !register.isOpen, "the register understands its controller")
    }
    return true
  }

  private mutating func take(_ bytes: [UInt8]) -> Int {
    var offset = 0
    var events = 0
    while link.receive(
      bytes.span, from: &offset, now: now, end: outbox.next, pairing: &pairing) != nil
    {
      events += 1
    }
    return events
  }

  // The public keys of 00…1F and 01…20.
  private static let registerKey: [UInt8] = [
    0x8F, 0x40, 0xC5, 0xAD, 0xB6, 0x8F, 0x25, 0x62, 0x4A, 0xE5, 0xB2, 0x14, 0xEA, 0x76, 0x7A,
    0x6E, 0xC9, 0x4D, 0x82, 0x9D, 0x3D, 0x7B, 0x5E, 0x1A, 0xD1, 0xBA, 0x6F, 0x3E, 0x21, 0x38,
    0x28, 0x5F,
  ]
  private static let controllerKey: [UInt8] = [
    0x07, 0xA3, 0x7C, 0xBC, 0x14, 0x20, 0x93, 0xC8, 0xB7, 0x55, 0xDC, 0x1B, 0x10, 0xE8, 0x6C,
    0xB4, 0x26, 0x37, 0x4A, 0xD1, 0x6A, 0xA8, 0x53, 0xED, 0x0B, 0xDF, 0xC0, 0xB2, 0xB8, 0x6D,
    0x1C, 0x7C,
  ]
}

private func bytes(of frame: borrowing WireFrame) -> [UInt8] {
  frame.withBytes { span in span.indices.map { span[$0] } }
}

private func publicKey(_ bytes: [UInt8]) -> PublicKey {
  guard let key = PublicKey(bytes.span) else { preconditionFailure("32 bytes") }
  return key
}

private func key(_ bytes: some Sequence<UInt8>) -> Key {
  var key = Key()
  for byte in bytes { try! key.append(byte) }
  return key
}
