// An ear on one direction of the line, before the line spoils anything: no nonce of a session may
// serve twice, and no card's digits may be heard.

import Link
import Octets

struct WireWatch: ~Copyable {
  /// Digits in a row that nothing on the line has, a masked card number the least; in encrypted
  /// bytes they come up once in 10^10 frames.
  private static let longestDigits = 9

  private struct Sender {
    var session: UInt32
    var last: UInt64
  }

  private var decoder = RepairingDecoder()
  private var senders = InlineArray<16, Sender?>(repeating: nil)
  private var nextSender = 0
  private(set) var hasRepeatedNonce = false
  private(set) var hasDigits = false

  mutating func hear(_ bytes: Span<UInt8>) {
    for index in bytes.indices where decoder.feed(bytes[index]) {
      var header = InlineArray<13, UInt8>(repeating: 0)
      var isTransport = false
      var digits = false
      decoder.withContent { content in
        digits = Self.hasDigits(content) || TestNumbers.areIn(content)
        isTransport = content.count > 13 && content[0] == 4
        if isTransport { for place in 0..<13 { header[place] = content[place] } }
      }
      if digits { hasDigits = true }
      if isTransport { note(header) }
    }
  }

  private static func hasDigits(_ content: Span<UInt8>) -> Bool {
    var run = 0
    for index in content.indices {
      run = content[index] >= 0x30 && content[index] <= 0x39 ? run + 1 : 0
      if run == longestDigits { return true }
    }
    return false
  }

  /// The counter of a session, which is its nonce, only ever grows.
  private mutating func note(_ header: InlineArray<13, UInt8>) {
    var session: UInt32 = 0
    var counter: UInt64 = 0
    for place in 1..<5 { session = session << 8 | UInt32(header[place]) }
    for place in 5..<13 { counter = counter << 8 | UInt64(header[place]) }
    for place in 0..<16 {
      guard let sender = senders[place], sender.session == session else { continue }
      if counter <= sender.last { hasRepeatedNonce = true }
      senders[place] = Sender(session: session, last: max(counter, sender.last))
      return
    }
    senders[nextSender % 16] = Sender(session: session, last: counter)
    nextSender += 1
  }
}
