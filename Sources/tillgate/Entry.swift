// The firmware's entry: picks the subcommand.

import LinuxBoard
import Octets

/// Exit codes of every subcommand, in the sense of sysexits.h.
enum Exit {
  static let success: Int32 = 0
  /// Something was checked and found wrong.
  static let failure: Int32 = 1
  /// The command line makes no sense.
  static let usage: Int32 = 64
}

/// The linker makes this symbol the program's `main`: SwiftPM for ordinary Swift,
/// boards/toolchain/firmware for the firmware.
@c(tillgate_main)
public func entry(
  _ argumentCount: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  let arguments = Arguments(argumentCount, arguments)
  if arguments.word(0, is: "version") {
    Console.output.print("tillgate 0.1.0")
    return Exit.success
  }
  if arguments.word(0, is: "check") { return check(arguments) }
  if arguments.word(0, is: "keys") { return KeysCommand.run(arguments) }
  Console.error.print("usage: tillgate version | check FILE... | keys VERB")
  return Exit.usage
}
