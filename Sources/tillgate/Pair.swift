// `tillgate pair`: opens the window in which a register can be paired, shows the code, lists and
// removes registers. Pairing itself is the running controller's; the terminal asks it and listens.

import CSodium
import Link
import LinuxBoard
import Octets

/// One `pair` command. Functions print what went wrong and throw `Failed` with the exit code.
enum PairCommand {
  struct Failed: Error {
    let code: Int32
  }

  static func run(_ arguments: Arguments) -> Int32 {
    _ = RealTime.enter()
    guard sodium_init() >= 0 else {
      Console.error.print("tillgate pair: the system gives no randomness")
      return Exit.failure
    }
    guard let options = PairOptions(arguments) else {
      PairOptions.printUsage()
      return Exit.usage
    }
    do throws(Failed) {
      switch options.verb {
      case .open: try open(options)
      case .close: try close(options)
      case .list: try list(options)
      case .remove: try remove(options)
      }
      return Exit.success
    } catch { return error.code }
  }

  // MARK: The window

  private static func open(_ options: PairOptions) throws(Failed) {
    var asker = try PairingAsker(options)
    try asker.ask("open", options)
    while try asker.hear() {
      if let isPaired = asker.showNews() {
        if isPaired { return }
        throw Failed(code: Exit.failure)
      }
    }
  }

  private static func close(_ options: PairOptions) throws(Failed) {
    var asker = try PairingAsker(options)
    try asker.ask("close", options)
    if try asker.hear() { Console.output.print("no register can be paired any more") }
  }

  // MARK: The list

  private static func list(_ options: PairOptions) throws(Failed) {
    if PairingAsker.isControllerAway(options) {
      var book = PairingBook()
      defer { book.wipe() }
      var lines = PairingNote()
      try change(&book, options) { _ in false }
      do throws(Overflow) { try book.appendLines(to: &lines) } catch {
        preconditionFailure("eight registers are 432 bytes at most")
      }
      return lines.withBytes { printList($0) }
    }
    var asker = try PairingAsker(options)
    try asker.ask("list", options)
    if try asker.hear() { asker.withLines { printList($0) } }
  }

  private static func printList(_ lines: Span<UInt8>) {
    if lines.isEmpty { return Console.output.print("no register is paired") }
    var line = Line()
    line.add(lines.extracting(0..<(lines.count - 1)))
    line.print()
  }

  private static func remove(_ options: PairOptions) throws(Failed) {
    if PairingAsker.isControllerAway(options) {
      var book = PairingBook()
      defer { book.wipe() }
      var isRemoved = false
      try change(&book, options) { book in
        let entry = options.withDigits { book.entry(beginningWith: $0) } ?? nil
        isRemoved = entry.map { book.remove($0.register.key) } ?? false
        return isRemoved
      }
      return try printRemoved(isRemoved, options)
    }
    var asker = try PairingAsker(options)
    try asker.ask("remove", options)
    guard try asker.hear() else { return }
    if asker.news(is: "failed") {
      throw fail(options, "the controller could not store the list without it; its log says why")
    }
    try printRemoved(asker.news(is: "removed"), options)
  }

  private static func printRemoved(_ isRemoved: Bool, _ options: PairOptions) throws(Failed) {
    guard isRemoved else {
      throw fail(
        options,
        "no register's key begins with these digits, or several do: see `tillgate pair list`")
    }
    Console.output.print("removed; the register's keys open nothing here any more")
  }

  /// Opens the list while no controller runs, and saves it if `body` says that it changed it.
  private static func change(
    _ book: inout PairingBook, _ options: PairOptions, _ body: (inout PairingBook) -> Bool
  ) throws(Failed) {
    do throws(StoreError) {
      var store = try VaultStore.open(options.state, creating: false, locking: true)
      defer { store.wipe() }
      try store.open(&book)
      if body(&book) { try store.save(book) }
    } catch { throw report(error, options) }
  }

  // MARK: Words

  static func report(_ error: StoreError, _ options: PairOptions) -> Failed {
    var line = begin(options)
    line.add(error)
    line.print(to: .error)
    return Failed(code: Exit.failure)
  }

  static func fail(_ options: PairOptions, _ words: StaticString) -> Failed {
    var line = begin(options)
    line.add(words)
    line.print(to: .error)
    return Failed(code: Exit.failure)
  }

  private static func begin(_ options: PairOptions) -> Line {
    var line = Line()
    line.add("tillgate pair: ")
    options.state.withMemoryRebound(to: CChar.self, capacity: 1) { line.add(text: $0) }
    line.add(": ")
    return line
  }
}
