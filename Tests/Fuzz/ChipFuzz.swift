// Fuzzes the reader with a chip that says anything at any time: the input is what the port brings,
// a run of bytes each few milliseconds, among true answers. It never traps and always goes on.

import Contactless
import Octets
import Simulator

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  var input = Array(UnsafeBufferPointer(start: data, count: size))[...]
  var reader = TapReader(TapTerminal(), fastest: 921_600)
  var chip = VirtualPN532()
  chip.cards = [VirtualCard(.payment(PaymentCard(.mastercard)))]
  var now = Instant(nanoseconds: 1)
  reader.arm(
    TapRequest(amount: 1, currency: 978, exponent: 2, date: 261_125, time: 0, sequence: 1))
  while let control = input.popFirst() {
    var bytes: [UInt8] = []
    while let byte = chip.transmit(at: now) { bytes.append(byte) }
    if control & 0x80 != 0 {
      bytes += input.prefix(Int(control & 0x0F))
      input = input.dropFirst(Int(control & 0x0F))
    }
    step(&reader, &chip, bytes, now)
    now = now + .milliseconds(Int64(control & 0x70) / 4 + 1)
  }
  reader.wipe()
  return 0
}

private func step(
  _ reader: inout TapReader, _ chip: inout VirtualPN532, _ bytes: [UInt8], _ now: Instant
) {
  var offset = 0
  var events = 0
  while reader.receive(bytes.span, from: &offset, now: now) != nil { events += 1 }
  while reader.tick(now: now) != nil { events += 1 }
  precondition(events <= bytes.count + 32, "events come to an end")
  if reader.needsRandom { reader.provide(random: 7) }
  let output = reader.withOutput { span in span.indices.map { span[$0] } }
  for byte in output { chip.receive(byte, at: now) }
  reader.sent(output.count, now: now)
}
