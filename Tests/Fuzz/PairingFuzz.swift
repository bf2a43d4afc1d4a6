// Fuzzes both sides of a pairing with what may come in a frame, at each step of it: nothing that
// was not sealed by the other side moves a pairing on or pairs anybody.

import Link
import Octets

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  // The first byte says how far the pairing has got, the second how long each frame is.
  let steps = Int(input.first ?? 0) % 8
  let length = max(Int(input.dropFirst().first ?? 0), 1)
  var sides = Sides()
  for _ in 0..<steps { sides.advance() }
  var rest = input.dropFirst(2)
  while !rest.isEmpty {
    sides.hear(Array(rest.prefix(length)))
    rest = rest.dropFirst(length)
  }
  sides.check()
  return 0
}

private struct Sides: ~Copyable {
  private var controller: ControllerPairing
  private var register: RegisterPairing
  private var now = Instant(nanoseconds: 0)
  private var code: UInt32?
  private var steps = 0

  init() {
    do {
      register = try RegisterPairing(secret: key(0...31), name: RegisterName())
    } catch { preconditionFailure("good keys") }
    controller = ControllerPairing()
    controller.load(key(1...32))
    controller.open(now: now)
    var one = key(32...63)
    var two = key(65...96)
    register.provideSeed(&one)
    controller.provideSeed(&two)
    precondition(register.start(now: now))
  }

  /// The next genuine frame.
  mutating func advance() {
    steps += 1
    var frame = WireFrame()
    if register.nextFrame(now: now, into: &frame) {
      let event = content(of: frame).withBytes { controller.receive($0, now: now) }
      if case .showCode(let shown)? = event { code = shown }
      if case .accepted? = event { _ = controller.stored(recordKey: key(64...95)) }
    } else if controller.nextFrame(now: now, into: &frame) {
      let event = content(of: frame).withBytes { register.receive($0, now: now) }
      if event == .typeCode { precondition(register.type(code!, now: now)) }
    }
  }

  mutating func hear(_ content: [UInt8]) {
    now = now + .microseconds(1)
    let isAsk = content.first == 0x10 && content.count == 33
    let event = controller.receive(content.span, now: now)
    precondition(event == nil)
    if !isAsk || steps > 2 { precondition(controller.isOpen || steps >= 7) }
    precondition(register.receive(content.span, now: now) == nil)
  }

  /// From the third frame on no stranger's frame stops the pairing.
  mutating func check() {
    guard steps > 2 else { return }
    for _ in 0..<8 {
      now = now + .milliseconds(600)
      advance()
    }
    precondition(register.withResult { _, _ in true } == true)
  }
}

private func content(of frame: borrowing WireFrame) -> FrameContent {
  var decoder = FrameDecoder()
  var content = FrameContent()
  let bytes = frame.withBytes { span in span.indices.map { span[$0] } }
  for byte in bytes where decoder.feed(byte) {
    decoder.withContent { span in try! content.append(span) }
  }
  return content
}

private func key(_ bytes: some Sequence<UInt8>) -> Key {
  var key = Key()
  for byte in bytes { try! key.append(byte) }
  return key
}
