// The firmware's entry: picks the subcommand.

import LinuxBoard
import Octets

/// Exit codes of every subcommand, in the sense of sysexits.h.
enum Exit {
  static let success: Int32 = 0
  /// Something was checked and found wrong.
  static let failure: Int32 = 1
  /// The doctor found nothing worse than warnings.
  static let warnings: Int32 = 2
  /// The command line makes no sense.
  static let usage: Int32 = 64
}

/// Also what records say of the firmware: at most 16 characters.
let version: StaticString = "0.1.0"

/// The linker makes this symbol the program's `main`: SwiftPM for ordinary Swift,
/// boards/toolchain/firmware for the firmware.
@c(tillgate_main)
public func entry(
  _ argumentCount: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  let arguments = Arguments(argumentCount, arguments)
  if arguments.word(0, is: "run") { return run(arguments) }
  if arguments.word(0, is: "check") { return check(arguments) }
  if arguments.word(0, is: "doctor") { return doctor(arguments) }
  if arguments.word(0, is: "bench") { return bench(arguments) }
  if arguments.word(0, is: "pair") { return PairCommand.run(arguments) }
  if arguments.word(0, is: "keys") { return KeysCommand.run(arguments) }
  if arguments.word(0, is: "log") { return LogCommand.run(arguments) }
  if arguments.word(0, is: "version") {
    var line = Line()
    line.add("tillgate ")
    line.add(version)
    line.print()
    return Exit.success
  }
  Console.error.print(
    """
    usage: tillgate run BOARD.ini        be the controller that the board file describes
           tillgate check BOARD.ini...   say everything that is wrong in board files
           tillgate doctor BOARD.ini     say what is not right with this computer, and what to do
           tillgate bench BOARD.ini      measure how late ticks are here
           tillgate keys VERB ...        load, show and erase keys
           tillgate pair [VERB] ...      let a register in by a code, list and remove registers
           tillgate log VERB ...         verify, prove and export the log of records
           tillgate version
    """)
  return Exit.usage
}
