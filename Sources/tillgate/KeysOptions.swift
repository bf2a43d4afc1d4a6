// The command line of `tillgate keys`.

import LinuxBoard
import Octets

/// What follows `keys`. Paths are the NUL-terminated words themselves.
struct KeysOptions {
  enum Verb {
    case load
    case pair
    case status
    case erase
  }

  let verb: Verb
  let state: UnsafePointer<UInt8>
  /// These are the state directory where a verb takes none.
  let protectionKey: UnsafePointer<UInt8>
  let block: UnsafePointer<UInt8>
  let pairing: UnsafePointer<UInt8>
  let replaces: Bool

  static func printUsage() {
    let usage: StaticString = """
      usage: tillgate keys load --state DIR --protection-key FILE --block FILE [--replace]
             tillgate keys pair --state DIR --keys FILE
             tillgate keys status --state DIR
             tillgate keys erase --state DIR --yes
      """
    Console.error.print(usage)
  }

  init(_ arguments: Arguments) throws(KeysCommand.Failed) {
    guard let verb = Self.verb(arguments), Self.areKnown(arguments, verb),
      let state = Self.path(arguments, "--state")
    else {
      Self.printUsage()
      throw .init(code: Exit.usage)
    }
    self.verb = verb
    self.state = state
    replaces = Self.has(arguments, "--replace")
    pairing = verb == .pair ? try Self.required(arguments, "--keys") : state
    switch verb {
    case .load:
      protectionKey = try Self.required(arguments, "--protection-key")
      block = try Self.required(arguments, "--block")
    case .pair, .status, .erase:
      protectionKey = state
      block = state
    }
    if verb == .erase, !Self.has(arguments, "--yes") {
      Console.error.print("tillgate keys erase: this cannot be undone; add --yes to do it")
      throw .init(code: Exit.usage)
    }
  }

  private static func verb(_ arguments: Arguments) -> Verb? {
    if arguments.word(1, is: "load") { return .load }
    if arguments.word(1, is: "pair") { return .pair }
    if arguments.word(1, is: "status") { return .status }
    if arguments.word(1, is: "erase") { return .erase }
    return nil
  }

  /// Whether every word after the verb is an option of it, or an option's value.
  private static func areKnown(_ arguments: Arguments, _ verb: Verb) -> Bool {
    var index = 2
    while index < arguments.count {
      if arguments.word(index, is: "--state") {
        index += 2
      } else if verb == .load, arguments.word(index, is: "--protection-key") {
        index += 2
      } else if verb == .load, arguments.word(index, is: "--block") {
        index += 2
      } else if verb == .pair, arguments.word(index, is: "--keys") {
        index += 2
      } else if verb == .load, arguments.word(index, is: "--replace") {
        index += 1
      } else if verb == .erase, arguments.word(index, is: "--yes") {
        index += 1
      } else {
        return false
      }
    }
    return index == arguments.count
  }

  private static func has(_ arguments: Arguments, _ option: StaticString) -> Bool {
    for index in 2..<max(arguments.count, 2) where arguments.word(index, is: option) { return true }
    return false
  }

  private static func required(
    _ arguments: Arguments, _ option: StaticString
  ) throws(KeysCommand.Failed) -> UnsafePointer<UInt8> {
    guard let path = path(arguments, option) else {
      printUsage()
      throw .init(code: Exit.usage)
    }
    return path
  }

  private static func path(
    _ arguments: Arguments, _ option: StaticString
  ) -> UnsafePointer<UInt8>? {
    guard let index = arguments.value(of: option), let word = arguments.pointer(index) else {
      return nil
    }
    return UnsafePointer(UnsafeRawPointer(word).assumingMemoryBound(to: UInt8.self))
  }
}
