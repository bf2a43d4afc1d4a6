// The serial line that a register or a pairing of the bench is at.

import Glibc
import Octets

/// Opens a serial port or pseudo-terminal raw and without waiting: 8 data bits, no parity, no flow
/// control.
func openLine(_ path: String, baud: Int) throws(SystemFailure) -> Int32 {
  let line = Glibc.open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
  var mode = termios()
  guard line >= 0, tcgetattr(line, &mode) == 0 else { throw SystemFailure(path) }
  let speeds = [
    9600: B9600, 19200: B19200, 38400: B38400, 57600: B57600, 115200: B115200,
    230400: B230400, 460800: B460800, 921600: B921600,
  ]
  guard let speed = speeds[baud] else { throw SystemFailure("\(path): \(baud) baud", EINVAL) }
  cfmakeraw(&mode)
  cfsetspeed(&mode, speed_t(speed))
  guard tcsetattr(line, TCSANOW, &mode) == 0 else { throw SystemFailure(path) }
  return line
}

/// Waits for the line, for `input` if there is one, or for `deadline`, at most 0.2 s. What the line
/// has, at most 1,024 bytes, and whether `input` can be read.
func awaitLine(
  _ line: Int32, orInput input: Int32?, until deadline: Instant
) throws(SystemFailure) -> (bytes: [UInt8], isInputReady: Bool) {
  let wait = (deadline - monotonicNow()).nanoseconds / 1_000_000 + 1
  var ready = [
    pollfd(fd: line, events: Int16(POLLIN), revents: 0),
    pollfd(fd: input ?? -1, events: Int16(POLLIN), revents: 0),
  ]
  guard poll(&ready, 2, Int32(min(max(wait, 0), 200))) > 0 else { return ([], false) }
  let isInputReady = ready[1].revents != 0
  guard ready[0].revents != 0 else { return ([], isInputReady) }
  var bytes = [UInt8](repeating: 0, count: 1024)
  let count = read(line, &bytes, bytes.count)
  if count == 0 || count < 0 && errno != EAGAIN {
    throw SystemFailure("line", count == 0 ? EIO : errno)
  }
  return (Array(bytes.prefix(max(count, 0))), isInputReady)
}
