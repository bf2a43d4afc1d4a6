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
    try asker.ask("open", nil)
    while try asker.hear() {
      if let isPaired = asker.showNews() {
        if isPaired { return }
        throw Failed(code: Exit.failure)
      }
    }
  }

  private static func close(_ options: PairOptions) throws(Failed) {
    var asker = try PairingAsker(options)
    try asker.ask("close", nil)
    while try asker.hear() {
      if asker.news(is: "closed") {
        return Console.output.print("no register can be paired any more")
      }
    }
  }

  // MARK: The list

  private static func list(_ options: PairOptions) throws(Failed) {
    var book = PairingBook()
    defer { book.wipe() }
    try read(&book, options)
    for index in 0..<book.count {
      let entry = book[index]
      var line = Line()
      entry.register.key.withBytes { line.add(hex: $0.extracting(0..<8)) }
      line.add("  ")
      if entry.unixMilliseconds == 0 {
        line.add("from a file      ")
      } else {
        line.add(minuteOf: entry.unixMilliseconds)
      }
      line.add("  ")
      entry.register.name.withText { line.add($0) }
      line.print()
    }
    if book.count == 0 { Console.output.print("no register is paired") }
  }

  private static func remove(_ options: PairOptions) throws(Failed) {
    var book = PairingBook()
    defer { book.wipe() }
    try read(&book, options)
    guard let key = options.withDigits({ find($0, in: book) }) ?? nil else {
      throw fail(options, "not one register, but none or several begin with these digits: see list")
    }
    if try removeAlone(key, &book, options) { return printRemoved() }
    var asker = try PairingAsker(options)
    try asker.ask("remove", key)
    while try asker.hear() {
      if asker.news(is: "removed") { return printRemoved() }
      throw fail(options, "the controller could not remove it; its log says why")
    }
  }

  private static func printRemoved() {
    Console.output.print("removed; the register's keys open nothing here any more")
  }

  /// The one register whose key begins with these hexadecimal digits, at least four.
  private static func find(_ digits: Span<UInt8>, in book: borrowing PairingBook) -> PublicKey? {
    guard digits.count >= 4, digits.count <= 64 else { return nil }
    var found: PublicKey?
    for index in 0..<book.count {
      let key = book[index].register.key
      let isMatch = key.withBytes { bytes in
        for place in digits.indices {
          let half = place % 2 == 0 ? bytes[place / 2] >> 4 : bytes[place / 2] & 15
          guard Hex.value(digits[place]) == half else { return false }
        }
        return true
      }
      guard isMatch else { continue }
      if found != nil { return nil }
      found = key
    }
    return found
  }

  /// Removes the register when no controller runs; false when one does.
  private static func removeAlone(
    _ key: PublicKey, _ book: inout PairingBook, _ options: PairOptions
  ) throws(Failed) -> Bool {
    do throws(StoreError) {
      var store = try VaultStore.open(options.state, creating: false, locking: true)
      defer { store.wipe() }
      // It may have changed since it was read without the lock.
      try store.open(&book)
      if book.remove(key) { try store.save(book) }
      return true
    } catch {
      if case .directory(.busy) = error { return false }
      throw report(error, options)
    }
  }

  private static func read(_ book: inout PairingBook, _ options: PairOptions) throws(Failed) {
    do throws(StoreError) {
      var store = try VaultStore.open(options.state, creating: false, locking: false)
      defer { store.wipe() }
      try store.open(&book)
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

extension Line {
  /// The date and time of day, UTC, to the minute, as in ISO 8601.
  fileprivate mutating func add(minuteOf unixMilliseconds: UInt64) {
    let minutes = unixMilliseconds / 60_000
    let (year, month, day) = Self.date(of: Int(minutes / 1440))
    add(year)
    add("-")
    add(twoDigits: month)
    add("-")
    add(twoDigits: day)
    add(" ")
    add(twoDigits: Int(minutes / 60 % 24))
    add(":")
    add(twoDigits: Int(minutes % 60))
    add("Z")
  }

  private mutating func add(twoDigits number: Int) {
    if number < 10 { add("0") }
    add(number)
  }

  /// The Gregorian date of a day counted from 1970-01-01. Years are taken to begin in March: the
  /// leap day is then their last.
  private static func date(of day: Int) -> (Int, Int, Int) {
    let shifted = day + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
    let fromMarch = (5 * dayOfYear + 2) / 153
    let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    return (
      year + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * fromMarch + 2) / 5 + 1
    )
  }
}
