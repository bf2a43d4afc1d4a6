// What the running program has counted, left in a file for the doctor: one line of `name=number`.
// It is in the service's runtime directory, which is memory, so that no disk is worn.

import CLinux
import Doctor
import LinuxBoard
import Octets

enum RunningCounts {
  static let name: StaticString = "counts"
  /// How often the program writes it.
  static let period = Interval.seconds(5)

  /// Where systemd has made the directory, by its name for it; nil without one.
  static var directory: UnsafePointer<UInt8>? {
    let variable: StaticString = "RUNTIME_DIRECTORY"
    return tg_environment(variable.utf8Start)
  }

  static func write(_ link: borrowing LinkTally, releases: UInt64, late: UInt64) {
    guard let path = directory else { return }
    var line = Line()
    line.add("frames=")
    line.add(link.frames)
    line.add(" noise=")
    line.add(link.noise)
    line.add(" forged=")
    line.add(link.forged)
    line.add(" replayed=")
    line.add(link.replayed)
    line.add(" releases=")
    line.add(releases)
    line.add(" late=")
    line.add(late)
    do throws(FileError) {
      let directory = try StateDirectory(path, creating: false, locking: false)
      line.withBytes { bytes in
        do throws(FileError) { try directory.replace(name, by: bytes) } catch { return }
      }
    } catch { return }
  }

  /// Fills `facts` from what a running program wrote; false when there is nothing.
  static func read(into facts: inout LinkFacts) -> Bool {
    let usual: StaticString = "/run/tillgate"
    var text = Bytes<512>()
    do throws(FileError) {
      let directory = try StateDirectory(
        directory ?? usual.utf8Start, creating: false, locking: false)
      try directory.read(name, .open, into: &text)
    } catch { return false }
    text.withBytes { parse($0, into: &facts) }
    return true
  }

  /// Reads `name=number` after `name=number`; passes over what it does not know.
  static func parse(_ text: Span<UInt8>, into facts: inout LinkFacts) {
    var start = 0
    for index in text.indices where text[index] == 0x20 || text[index] == 0x0A {
      take(text.extracting(start..<index), into: &facts)
      start = index + 1
    }
    take(text.extracting(start..<text.count), into: &facts)
  }

  private static func take(_ word: Span<UInt8>, into facts: inout LinkFacts) {
    for index in word.indices where word[index] == UInt8(ascii: "=") {
      let name = word.extracting(0..<index)
      guard let number = decimal(word.extracting((index + 1)...)) else { return }
      if withLiteral("frames", { name.equals($0) }) { facts.frames = number }
      if withLiteral("noise", { name.equals($0) }) { facts.noise = number }
      if withLiteral("forged", { name.equals($0) }) { facts.forged = number }
      if withLiteral("replayed", { name.equals($0) }) { facts.replayed = number }
      if withLiteral("releases", { name.equals($0) }) { facts.releases = number }
      if withLiteral("late", { name.equals($0) }) { facts.late = number }
      return
    }
  }
}

/// A decimal number of at most 18 digits.
func decimal(_ text: Span<UInt8>) -> UInt64? {
  guard text.count > 0, text.count <= 18 else { return nil }
  var number: UInt64 = 0
  for place in text.indices {
    let digit = text[place] &- UInt8(ascii: "0")
    guard digit <= 9 else { return nil }
    number = number * 10 + UInt64(digit)
  }
  return number
}
