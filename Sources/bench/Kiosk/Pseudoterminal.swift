// A serial line without hardware: the firmware opens the terminal's name, the bench holds the other
// end.

import Foundation
import Glibc

/// One pseudoterminal pair in raw mode. The name stays valid while this object lives.
final class Pseudoterminal: Sendable {
  let descriptor: Int32
  let path: String
  /// Held open so that the far side may come and go without the near side seeing a hang-up.
  private let farSide: Int32

  init() throws {
    var near: Int32 = -1
    var far: Int32 = -1
    var name = [CChar](repeating: 0, count: 128)
    var settings = termios()
    cfmakeraw(&settings)
    guard openpty(&near, &far, &name, &settings, nil) == 0 else { throw SystemFailure("openpty") }
    _ = fcntl(near, F_SETFL, fcntl(near, F_GETFL) | O_NONBLOCK)
    descriptor = near
    farSide = far
    path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit {
    close(descriptor)
    close(farSide)
  }
}

/// A system call that failed, with the reason the kernel gave.
struct SystemFailure: Error, CustomStringConvertible {
  let description: String

  init(_ call: String, _ code: Int32 = errno) {
    description = "\(call): \(String(cString: strerror(code)))"
  }
}
