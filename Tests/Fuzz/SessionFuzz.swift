// Fuzzes both ends of a session with what may come in a frame: a controller and a register with a
// session between them stay in it, whatever they hear, and nothing forged passes for a message.

import Link
import Octets

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  var ends = Ends()
  ends.connect()
  // The input's first byte says after how many bytes the next frame starts.
  var rest = input.dropFirst()
  let step = max(Int(input.first ?? 0), 1)
  while !rest.isEmpty {
    ends.hear(Array(rest.prefix(step)))
    rest = rest.dropFirst(step)
  }
  ends.talk()
  return 0
}

private struct Ends: ~Copyable {
  private var register: Session
  private var controller: Session
  private var now = Instant(nanoseconds: 0)
  private var frame = WireFrame()
  private var heard = MessageBytes()

  init() {
    do {
      register = try Session(
        role: .register, secret: key(0...31), peer: key(Self.controllerKey), now: now)
      controller = try Session(
        role: .controller, secret: key(1...32), peer: key(Self.registerKey), now: now)
    } catch { preconditionFailure("good keys") }
  }

  mutating func connect() {
    var one = key(32...63)
    var two = key(65...96)
    register.provideEphemeral(&one)
    controller.provideEphemeral(&two)
    precondition(register.nextFrame(now: now, into: &frame))
    precondition(deliver(toRegister: false) == .nothing)
    precondition(controller.nextFrame(now: now, into: &frame))
    precondition(deliver(toRegister: true) == .established)
    talk()
  }

  /// A message passes each way.
  mutating func talk() {
    let hello = Array("hello".utf8)
    precondition(try! register.seal(hello.span, now: now, into: &frame))
    guard case .message = deliver(toRegister: false) else {
      preconditionFailure("register unheard")
    }
    precondition(try! controller.seal(hello.span, now: now, into: &frame))
    guard case .message = deliver(toRegister: true) else {
      preconditionFailure("controller unheard")
    }
    precondition(heard.withBytes { $0.equals(hello.span) })
  }

  mutating func hear(_ content: [UInt8]) {
    now = now + .milliseconds(1)
    precondition(register.receive(content.span, now: now, into: &heard) == .nothing)
    precondition(controller.receive(content.span, now: now, into: &heard) == .nothing)
    _ = register.nextFrame(now: now, into: &frame)
    _ = controller.nextFrame(now: now, into: &frame)
  }

  private mutating func deliver(toRegister isToRegister: Bool) -> SessionEvent {
    var decoder = FrameDecoder()
    let bytes = frame.withBytes { span in span.indices.map { span[$0] } }
    for byte in bytes where decoder.feed(byte) {
      return decoder.withContent { content in
        isToRegister
          ? register.receive(content, now: now, into: &heard)
          : controller.receive(content, now: now, into: &heard)
      }
    }
    preconditionFailure("a frame of ours")
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

private func key(_ bytes: some Sequence<UInt8>) -> Key {
  var key = Key()
  for byte in bytes { try! key.append(byte) }
  return key
}
