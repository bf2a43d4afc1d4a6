// `tillgate check FILE...`: says of board files what is wrong in them, before a kiosk depends on
// them.

import CLinux
import LinuxBoard
import Octets
import Profile

/// Prints each mistake as `FILE:LINE: error: ...`, or `FILE: ok (...)`. Fails if any file has one.
func check(_ arguments: Arguments) -> Int32 {
  guard arguments.count > 1 else {
    Console.error.print("usage: tillgate check FILE...")
    return Exit.usage
  }
  var areGood = true
  for index in 1..<arguments.count where !checkFile(index, arguments) { areGood = false }
  return areGood ? Exit.success : Exit.failure
}

private func checkFile(_ index: Int, _ arguments: Arguments) -> Bool {
  // On the stack once: the main thread has megabytes.
  var text = Bytes<16_384>()
  if let fault = readFile(arguments.pointer(index), into: &text) {
    report(index, arguments, line: nil) { $0.add(fault) }
    return false
  }
  return text.withBytes { text in
    let profile = BoardProfile.parse(text) { number, message in
      report(index, arguments, line: number) { $0.add(message) }
    }
    guard let profile else { return false }
    printSummary(of: profile, index, arguments)
    return true
  }
}

private func report(
  _ index: Int, _ arguments: Arguments, line number: Int?, _ addFault: (inout Line) -> Void
) {
  var line = Line()
  arguments.withWord(index) { line.add($0) }
  line.add(":")
  if let number {
    line.add(number)
    line.add(":")
  }
  line.add(" error: ")
  addFault(&line)
  line.print(to: .error)
}

private func printSummary(
  of profile: BoardProfile, _ index: Int, _ arguments: Arguments
) {
  var line = Line()
  arguments.withWord(index) { line.add($0) }
  line.add(": ok (")
  profile.name.withBytes { line.add($0) }
  line.add(", ")
  profile.model.withBytes { line.add($0) }
  line.add(": stripe ")
  line.add(profile.stripe.kind == .f2f ? "f2f from " : "clock-data from ")
  switch profile.stripe.source {
  case .gpio: profile.chip.withBytes { line.add($0) }
  case .stream: profile.stripe.stream.withBytes { line.add($0) }
  }
  line.add("; register ")
  profile.register.port.withBytes { line.add($0) }
  line.add(" at ")
  line.add(profile.register.baud)
  line.add(" baud; release ")
  line.add(profile.loop.release.nanoseconds / 1_000_000)
  line.add(" ms)")
  line.print()
}

/// Reads the whole file. Returns what went wrong, or nil.
private func readFile(
  _ path: UnsafePointer<CChar>?, into text: inout Bytes<16_384>
) -> StaticString? {
  guard let path else { return "has no name" }
  var status = 0
  text.appendFilling { room in
    room.withUnsafeMutableBytes { status = tg_read_file(path, $0.baseAddress, $0.count) }
    return max(status, 0)
  }
  if status >= 0 { return nil }
  switch -status {
  // errno values of every Linux architecture: ENOENT, EACCES, EINVAL, EFBIG.
  case 2: return "no such file"
  case 13: return "may not be read"
  case 22: return "is no regular file"
  case 27: return "the file is too long; allowed: 16384 bytes"
  default: return "could not be read"
  }
}
