// Board files of any bytes: no trap, a profile or a mistake but never both, every mistake on a line
// of the file and in printable UTF-8, and a good profile within the limits of its document.

import Octets
import Profile

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let text = UnsafeBufferPointer(start: data, count: size)
  let lines = text.reduce(1) { $0 + ($1 == 0x0A ? 1 : 0) }
  var mistakes = 0
  let profile = BoardProfile.parse(Span(_unsafeElements: text)) { line, message in
    mistakes += 1
    precondition(line >= 1 && line <= lines, "line \(line) of \(lines)")
    precondition(!message.isEmpty && isUTF8(message), "no text: line \(line)")
    for index in message.indices {
      precondition(message[index] >= 0x20 || message[index] == 0x09, "control character")
    }
  }
  guard let profile else {
    precondition(mistakes > 0, "nothing was wrong and nothing came of it")
    return 0
  }
  precondition(mistakes == 0, "a profile in spite of a mistake")
  precondition(profile.stripe.silence + profile.loop.tick < profile.loop.release)
  precondition(profile.loop.priority < profile.loop.capturePriority)
  precondition(profile.masking.leadingDigits <= 6 && profile.masking.trailingDigits <= 4)
  precondition(!profile.register.port.isEmpty && !profile.name.isEmpty)
  return 0
}
