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
    text.withBytes { facts.take($0) }
    return true
  }
}
