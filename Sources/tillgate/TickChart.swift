// The histogram of `tillgate bench`: bars for people, columns for programs.

import CLinux
import LinuxBoard
import Octets
import Profile

struct TickChart {
  /// Ends of the bins, 1-2-5 from a microsecond to ten seconds, in nanoseconds.
  private static let ends: InlineArray<22, Int64> = [
    1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000,
    5_000_000, 10_000_000, 20_000_000, 50_000_000, 100_000_000, 200_000_000, 500_000_000,
    1_000_000_000, 2_000_000_000, 5_000_000_000, 20_000_000_000,
  ]
  private static let width: UInt64 = 50

  private let profile: BoardProfile
  private let missed: UInt64

  init(_ profile: BoardProfile, missed: UInt64) {
    self.profile = profile
    self.missed = missed
  }

  /// Prints a bar for each bin that is not empty, and those between.
  func draw(_ lateness: borrowing LatencyHistogram) {
    var bins = InlineArray<22, UInt64>(repeating: 0)
    lateness.forEachBucket { end, count in bins[Self.bin(end)] += UInt64(count) }
    var most: UInt64 = 1
    var first = bins.count
    var last = -1
    for index in bins.indices where bins[index] > 0 {
      most = max(most, bins[index])
      first = min(first, index)
      last = index
    }
    title(lateness).print()
    for index in bins.indices where index >= first && index <= last {
      bar(Self.ends[index], bins[index], most).print()
    }
    summary(lateness).print()
  }

  private static func bin(_ end: Interval) -> Int {
    for index in ends.indices where end.nanoseconds <= ends[index] { return index }
    return ends.count - 1
  }

  private func title(_ lateness: borrowing LatencyHistogram) -> Line {
    var line = Line()
    line.add(lateness.count)
    line.add(" ticks of ")
    line.add(profile.loop.tick.nanoseconds / 1_000)
    line.add(" us, rank ")
    line.add(profile.loop.priority)
    line.add("; late by at most:")
    return line
  }

  private func bar(_ end: Int64, _ count: UInt64, _ most: UInt64) -> Line {
    var line = Line()
    line.add(end / 1_000, width: 9)
    line.add(" us ")
    line.add(Int64(clamping: count), width: 10)
    line.add(" ")
    // One tick in a million is still seen.
    let length = count == 0 ? 0 : max(count * Self.width / most, 1)
    for _ in 0..<length { line.add("#") }
    return line
  }

  private func summary(_ lateness: borrowing LatencyHistogram) -> Line {
    var line = Line()
    add("p50 ", lateness.percentile(permille: 500), to: &line)
    add(", p99 ", lateness.percentile(permille: 990), to: &line)
    add(", p99.9 ", lateness.percentile(permille: 999), to: &line)
    add(", max ", lateness.maximum, to: &line)
    line.add(" us; ticks missed altogether: ")
    line.add(missed)
    return line
  }

  private func add(_ name: StaticString, _ interval: Interval, to line: inout Line) {
    line.add(name)
    line.add(interval.nanoseconds / 1_000)
  }

  /// Writes what was measured: a comment, then `up-to-ns,ticks` for each bucket that is not empty.
  func save(_ lateness: borrowing LatencyHistogram, _ path: UnsafeMutablePointer<CChar>) -> Bool {
    let file = path.withMemoryRebound(to: UInt8.self, capacity: 1) { tg_create_file($0) }
    guard file >= 0 else {
      var line = Line()
      line.add("tillgate bench: ")
      line.add(text: path)
      line.add(": ")
      line.add(text: tg_error_text(-file))
      line.print(to: .error)
      return false
    }
    defer { tg_close(file) }
    var comment = Line()
    comment.add("# tillgate ")
    comment.add(version)
    comment.add(", board ")
    profile.name.withBytes { comment.add($0) }
    comment.add(", tick-ns ")
    comment.add(profile.loop.tick.nanoseconds)
    comment.add(", rank ")
    comment.add(profile.loop.priority)
    comment.add(", missed ")
    comment.add(missed)
    comment.print(toDescriptor: file)
    lateness.forEachBucket { end, count in
      guard count > 0 else { return }
      var line = Line()
      line.add(end.nanoseconds)
      line.add(",")
      line.add(count)
      line.print(toDescriptor: file)
    }
    return true
  }
}

extension Line {
  /// Adds a number that is not negative, with blanks before it up to `width` characters.
  fileprivate mutating func add(_ number: Int64, width: Int) {
    var digits = 1
    var rest = number / 10
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    for _ in digits..<max(width, digits) { add(" ") }
    add(number)
  }
}
