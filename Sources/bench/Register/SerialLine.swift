// The serial line that a register or a pairing of the bench is at.

import Glibc

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

/// What the line has, at most 1,024 bytes; none when nothing came.
func readLine(_ line: Int32) throws(SystemFailure) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: 1024)
  let count = read(line, &bytes, bytes.count)
  if count == 0 || count < 0 && errno != EAGAIN {
    throw SystemFailure("line", count == 0 ? EIO : errno)
  }
  return Array(bytes.prefix(max(count, 0)))
}
