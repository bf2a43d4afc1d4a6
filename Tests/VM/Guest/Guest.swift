// The test program inside the virtual machine: it plays everything around the kiosk's board, that
// is cards at the head, the register, people who pull cables, and checks what the firmware makes of
// it. Built like the firmware, for both processors; Tests/VM/init starts it, Tests/VM/run reads
// what it says. Usage: guest suite|cuts|verdict|speed BOOT, or guest ask PORT: only a register, at
// an appliance (Tests/Image/run).
//
// Inside, so that it shares the machine's clock: under `-icount` that clock goes by instructions,
// and no stall of the host can disturb a swipe or fake a late release.

import CSodium
import LinuxBoard
import Octets
import Register

/// Where a register's port and its file are.
struct Place {
  var port: UnsafePointer<CChar>
  var store: UnsafePointer<CChar>

  /// The far end of the firmware's serial port, and a file on the machine's disk.
  static var inside: Place {
    let (port, store): (StaticString, StaticString) = ("/dev/ttyS2", "/state/register")
    return Place(port: port.pointer, store: store.pointer)
  }
}

/// The linker makes this symbol the program's `main`, as it does for the firmware.
@c(guest_main)
public func guest(
  _ count: Int32, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  guard count == 3, let mode = words?[1], let boot = words?[2], sodium_init() >= 0 else {
    return 64
  }
  if mode[0] == CChar(bitPattern: UInt8(ascii: "a")) { return ask(boot) }
  var number: UInt64 = 0
  var index = 0
  while boot[index] != 0 {
    number = number * 10 + UInt64(UInt8(bitPattern: boot[index]) &- UInt8(ascii: "0"))
    index += 1
  }
  guard var kiosk = Kiosk(prefix: number) else { return 1 }
  // The first letter tells the modes apart.
  switch UInt8(bitPattern: mode[1]) {
  case UInt8(ascii: "u") where mode[0] == CChar(bitPattern: UInt8(ascii: "s")):
    Suite.run(&kiosk)
  case UInt8(ascii: "u"): Cuts.run(&kiosk)
  case UInt8(ascii: "e"): Cuts.judge(&kiosk)
  case UInt8(ascii: "p"): Speed.run(&kiosk)
  default: return 64
  }
  if !Report.areAllGood { Firmware.showLog() }
  return Report.areAllGood ? 0 : 1
}

/// A register at the appliance's port: waits for a session and for a payment to be accepted.
private func ask(_ port: UnsafePointer<CChar>) -> Int32 {
  let forgetful: StaticString = "/dev/null"
  guard var till = Till.start(at: Place(port: port, store: forgetful.pointer)) else { return 1 }
  let session = till.wait(seconds: 120) { if case .linkUp = $0 { true } else { false } }
  guard session != nil, till.arm(TextLine("ASK-1"), amount: 100, seconds: 1) != nil else {
    Report.failed("a payment is accepted")
    return 1
  }
  Report.say("ok", "a payment is accepted")
  return 0
}
