// The command line of `tillgate pair`.

import LinuxBoard
import Octets

/// What follows `pair`.
struct PairOptions {
  enum Verb {
    case open
    case close
    case list
    case remove
  }

  let verb: Verb
  /// The NUL-terminated word itself.
  let state: UnsafePointer<UInt8>
  private let arguments: Arguments

  static func printUsage() {
    Console.error.print(
      """
      usage: tillgate pair [open] [--state DIR]     show a code, for a register that is started now
             tillgate pair close [--state DIR]      let no register in any more
             tillgate pair list [--state DIR]       the registers that are paired
             tillgate pair remove KEY [--state DIR] forget one, by the first digits of its key
      """)
  }

  /// Nil when the words make no sense.
  init?(_ arguments: Arguments) {
    self.arguments = arguments
    var index = 2
    if arguments.count == 1 || arguments.word(1, is: "--state") {
      verb = .open
      index = 1
    } else if arguments.word(1, is: "open") {
      verb = .open
    } else if arguments.word(1, is: "close") {
      verb = .close
    } else if arguments.word(1, is: "list") {
      verb = .list
    } else if arguments.word(1, is: "remove") {
      verb = .remove
      index = 3
    } else {
      return nil
    }
    guard arguments.count == index || arguments.count == index + 2 else { return nil }
    if arguments.count == index {
      let usual: StaticString = "/var/lib/tillgate"
      state = usual.utf8Start
    } else {
      guard arguments.word(index, is: "--state"), let word = arguments.pointer(index + 1) else {
        return nil
      }
      state = UnsafePointer(UnsafeRawPointer(word).assumingMemoryBound(to: UInt8.self))
    }
  }

  /// Calls `body` with the digits that `remove` is given.
  func withDigits<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R? {
    try arguments.withWord(2, body)
  }
}
