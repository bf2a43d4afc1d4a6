// The far end of the contactless reader's port, a real serial port too: a virtual PN532, and what
// is held before it.

import CSerial
import LinuxBoard
import Octets
import Simulator

struct CardReader: ~Copyable {
  private let port: Port
  private var chip = VirtualPN532()

  /// Nil when the port cannot be opened: a fifth one, or the first where the console is none of
  /// them (Tests/VM/machine).
  init?() {
    let (fifth, first): (StaticString, StaticString) = ("/dev/ttyS4", "/dev/ttyS0")
    if let port = Port(fifth.pointer) {
      self.port = port
    } else if let port = Port(first.pointer) {
      self.port = port
    } else {
      return nil
    }
  }

  mutating func present(_ card: PaymentCard) { chip.cards = [VirtualCard(.payment(card))] }
  mutating func takeAway() { chip.cards = [] }

  /// Hears what the firmware has said, and says what is due.
  mutating func turn() {
    var bytes = Bytes<1024>()
    bytes.appendFilling { room in
      room.withUnsafeMutableBytes {
        max(tg_port_read(port.descriptor, $0.baseAddress, $0.count), 0)
      }
    }
    let now = MonotonicClock.now()
    for index in 0..<bytes.count { chip.receive(bytes[index], at: now) }
    while let byte = chip.transmit(at: now) {
      var byte = byte
      // A full port loses it, as a wire would: the firmware asks again.
      _ = tg_port_write(port.descriptor, &byte, 1)
    }
  }
}
