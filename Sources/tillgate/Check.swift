// `tillgate check FILE...`: says of board files what is wrong in them, before a kiosk depends on
// them.

import Controller
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
  guard let profile = readProfile(index, arguments) else { return false }
  printSummary(of: profile, index, arguments)
  return true
}

/// The board file that word `index` names; nil when something is wrong in it, all of which was
/// said.
func readProfile(_ index: Int, _ arguments: Arguments) -> BoardProfile? {
  readProfile(index, arguments) { number, addFault in
    report(index, arguments, line: number, addFault)
  }
}

/// The same; `tell` is called for every mistake, with its line and what adds its words.
func readProfile(
  _ index: Int, _ arguments: Arguments, _ tell: (Int?, (inout Line) -> Void) -> Void
) -> BoardProfile? {
  guard let path = arguments.pointer(index) else { return nil }
  // On the stack once: the main thread has megabytes.
  var text = Bytes<16_384>()
  do throws(FileError) {
    try path.withMemoryRebound(to: UInt8.self, capacity: 1) { (path) throws(FileError) in
      try Files.read(path, .open, into: &text)
    }
  } catch {
    tell(nil) { $0.add(error) }
    return nil
  }
  let profile = text.withBytes { text in
    BoardProfile.parse(text) { number, message in
      tell(number) { $0.add(message) }
    }
  }
  guard let profile, profile.contactless.isGiven,
    let mistake = TapSettings.mistake(in: profile.contactless)
  else { return profile }
  tell(nil) { $0.add(mistake) }
  return nil
}

private func report(
  _ index: Int, _ arguments: Arguments, line number: Int?, _ addFault: (inout Line) -> Void
) {
  var line = Line()
  line.add(place: index, arguments, number)
  line.add(" error: ")
  addFault(&line)
  line.print(to: .error)
}

extension Line {
  /// Adds `FILE:LINE:`, or `FILE:` for the file as a whole.
  mutating func add(place index: Int, _ arguments: Arguments, _ number: Int?) {
    arguments.withWord(index) { add($0) }
    add(":")
    guard let number else { return }
    add(number)
    add(":")
  }
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
  if profile.contactless.isGiven {
    line.add("; contactless ")
    profile.contactless.port.withBytes { line.add($0) }
    line.add(" at up to ")
    line.add(profile.contactless.fastest)
    line.add(" baud")
  }
  if profile.scanner.isThere {
    line.add("; scanner ")
    profile.scanner.port.withBytes { line.add($0) }
  }
  if profile.display.device.isThere {
    line.add("; display ")
    profile.display.device.port.withBytes { line.add($0) }
  }
  if profile.watcher.isThere {
    line.add("; watcher ")
    profile.watcher.port.withBytes { line.add($0) }
  }
  if profile.concert.device.isThere {
    line.add("; Concert till ")
    profile.concert.device.port.withBytes { line.add($0) }
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
