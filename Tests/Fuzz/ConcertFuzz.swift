// Any bytes from a till: no trap, the same events whatever the reads, never two requests at once,
// and no answer but one of its two sizes.

import Concert
import Octets

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  precondition(run(bytes, readsOf: max(size, 1)) == run(bytes, readsOf: 1))
  // No chance guesses a frame: bytes of the input replace some of a good one.
  var frame = Array("0100001250110978TICKET 042A010B010".utf8)
  for (index, byte) in bytes.prefix(8).enumerated() where byte >= 0x20 {
    frame[Int(byte) * (index + 1) % frame.count] = bytes[bytes.count - 1 - index]
  }
  frame.append(3)
  let good = [5, 2] + frame + [frame.reduce(0, ^), 4]
  _ = run(good + bytes, readsOf: 3)
  return 0
}

private func run(_ bytes: [UInt8], readsOf length: Int) -> [String] {
  var terminal = ConcertTerminal()
  var events: [String] = []
  for start in stride(from: 0, to: bytes.count, by: length) {
    let part = Array(bytes[start..<min(start + length, bytes.count)])
    var offset = 0
    while offset < part.count {
      guard let event = terminal.receive(part.span, from: &offset, now: Instant(nanoseconds: 0))
      else { break }
      events.append("\(event)")
      if case .requested(let request) = event {
        precondition(request.amount > 0 && request.currency <= 999)
        terminal.answer(.accepted, report: part.span, now: Instant(nanoseconds: 0))
      }
    }
    let said = terminal.withOutput { $0.count }
    precondition(said <= 96)
    terminal.sent(said)
  }
  return events
}
