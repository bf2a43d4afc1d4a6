// The walls of the running firmware on this kernel and processor: every thread of it is inside, and
// what stands there refuses. The numbers of system calls are others on each processor.

import CGuest
import CLinux
import Link
import LinuxBoard
import Octets
import Profile

enum Walls {
  /// In a global, where a forked child finds it.
  nonisolated(unsafe) private static var profile: BoardProfile?

  static func check(_ firmware: borrowing Firmware) {
    let threads = firmware.threads
    Report.check(threads.all >= 5 && threads.outside == 0, "every thread has its seccomp filter")
    profile = readBoard()
    guard profile != nil else { return Report.failed("the board file is read") }
    attempt(Int32(GUEST_NETWORK), refusal: 97, "no network inside the walls (EAFNOSUPPORT)")
    attempt(Int32(GUEST_PROCESS), refusal: 1, "no other process (EPERM)")
    attempt(Int32(GUEST_FILE), refusal: 13, "no other file, by Landlock (EACCES)")
    attempt(Int32(GUEST_PROGRAM), refusal: -31, "another program ends it (SIGSYS)")
  }

  /// A forbidden call, tried without walls too, so that a refusal is the walls' own.
  private static func attempt(_ call: Int32, refusal: Int32, _ words: StaticString) {
    let outside = guest_attempt(nil, call)
    let inside = guest_attempt({ _ = Sandbox.enter(Walls.profile!) }, call)
    if inside != refusal { Report.number("outcome", inside, "") }
    Report.check(outside == 0 && inside == refusal, words)
  }

  private static func readBoard() -> BoardProfile? {
    var mode: UInt32 = 0
    let file = tg_open_file(-1, Kiosk.clockData.utf8Start, &mode)
    guard file >= 0 else { return nil }
    defer { tg_close(file) }
    var text = [UInt8](repeating: 0, count: 16_384)
    let count = text.withUnsafeMutableBytes { tg_read(file, $0.baseAddress, $0.count) }
    guard count > 0 else { return nil }
    return BoardProfile.parse(text.span.extracting(0..<Int(count))) { _, _ in }
  }
}
