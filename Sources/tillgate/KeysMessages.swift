// What `tillgate keys` says when something is wrong: what, where, and what to do about it.

import LinuxBoard
import Octets
import Vault

extension KeysCommand {
  static func report(_ error: KeyBlockError, _ path: UnsafePointer<UInt8>) -> Failed {
    var line = begin(path)
    line.add("bad key block at character ")
    line.add(error.offset + 1)
    line.add(": ")
    line.add(error.problem.explanation)
    switch error.problem {
    case .lengthIsNot(let stated): line.addNumber(stated, " characters stated")
    case .protectionKeySize(let bytes): line.addNumber(bytes, " bytes given")
    case .keyLength(let bits): line.addNumber(bits, " bits")
    default: break
    }
    line.add("; ")
    line.add(error.problem.remedy)
    return fail(line)
  }

  static func report(_ error: HexError, _ path: UnsafePointer<UInt8>) -> Failed {
    var line = begin(path)
    line.add("bad protection key: ")
    switch error {
    case .oddLength: line.add("an odd number of digits")
    case .tooLong: line.add("more than 64 digits")
    case .notHex(let offset):
      line.add("no hexadecimal digit at character ")
      line.add(offset + 1)
    }
    line.add("; the file holds 32, 48 or 64 hexadecimal digits")
    return fail(line)
  }

  static func report(_ error: FileError, _ path: UnsafePointer<UInt8>) -> Failed {
    var line = begin(path)
    line.add(error)
    return fail(line)
  }

  static func report(_ error: VaultError, _ options: KeysOptions) -> Failed {
    var line = begin(options.state)
    switch error {
    case .keysLeft(let count):
      line.add("the loaded initial key still has ")
      line.add(count)
      line.add(" keys left; to drop them add --replace")
    case .loadedBefore:
      line.add("this very initial key was loaded on this board before, and its first keys may have")
      line.add(" been used; ask for a new one")
    case .historyFull:
      line.add("64 initial keys were loaded here and no more can be remembered; start with a new")
      line.add(" state directory and a new device key, and pair again")
    case .noKeys, .exhausted, .leaseEmpty, .tooLong, .epochsExhausted:
      line.add("the key cannot be loaded")
    }
    return fail(line)
  }

  /// `isCommit`: while writing, when nobody can say whether the old or the new state is stored.
  static func report(
    _ error: StoreError, _ options: KeysOptions, isCommit: Bool = false
  ) -> Failed {
    var line = begin(options.state)
    line.add(error)
    if isCommit { return fail(line, "; the change may or may not have been stored") }
    return fail(line, options.verb == .status ? "" : "; nothing was changed")
  }

  /// `line` is 0 when the file as a whole lacks something.
  static func reportPairing(line number: Int, _ path: UnsafePointer<UInt8>) -> Failed {
    var line = begin(path)
    if number > 0 {
      line.add("line ")
      line.add(number)
      line.add(" is not one of the keys, or a key given twice; ")
    } else {
      line.add("a key is missing; ")
    }
    line.add("the file has one line each of `controller-secret = `, `register-public = ` and")
    line.add(" `record-key = `, with 64 hexadecimal digits")
    return fail(line)
  }

  private static func begin(_ path: UnsafePointer<UInt8>) -> Line {
    var line = Line()
    line.add("tillgate keys: ")
    path.withMemoryRebound(to: CChar.self, capacity: 1) { line.add(text: $0) }
    line.add(": ")
    return line
  }

  private static func fail(
    _ line: consuming Line, _ outcome: StaticString = "; nothing was changed"
  ) -> Failed {
    line.add(outcome)
    line.print(to: .error)
    return Failed(code: Exit.failure)
  }
}

extension Line {
  fileprivate mutating func addNumber(_ number: Int, _ words: StaticString) {
    add(" (")
    add(number)
    add(words)
    add(")")
  }
}
