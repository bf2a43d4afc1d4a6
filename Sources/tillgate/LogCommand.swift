// `tillgate log`: the log of records, offline, for whoever has to trust it.

import CLinux
import CSodium
import Journal
import Link
import LinuxBoard
import Octets
import Profile
import Vault

struct LogCommand: ~Copyable {
  struct Failed: Error {}

  let options: LogOptions
  var journal: Journal
  var key: LogKey
  /// The log that was asked for.
  var log: LogState

  static func run(_ arguments: Arguments) -> Int32 {
    guard let options = LogOptions(arguments) else {
      LogOptions.printUsage()
      return Exit.usage
    }
    _ = RealTime.enter()
    guard sodium_init() >= 0 else {
      Console.error.print("tillgate log: the system gives no randomness")
      return Exit.failure
    }
    do throws(Failed) {
      if options.verb == .newOrigin {
        try beginLog(options)
        return Exit.success
      }
      var command = try open(options)
      defer { command.key.wipe() }
      try command.perform()
      return Exit.success
    } catch { return Exit.failure }
  }

  private static func open(_ options: LogOptions) throws(Failed) -> LogCommand {
    var store = try Self.openStore(options)
    defer { store.wipe() }
    var key = LogKey()
    let isKnown: Bool
    do throws(StoreError) { isKnown = try store.open(&key) } catch {
      throw Self.say(options, error)
    }
    guard isKnown else {
      throw Self.say(options, "there is no log yet: `tillgate run` begins one")
    }
    var journal = try Self.openJournal(options, board: key.makePublic())
    let log = try Self.choose(options, &journal)
    return LogCommand(options: options, journal: journal, key: key, log: log)
  }

  private mutating func perform() throws(Failed) {
    switch options.verb {
    case .key: try printKey()
    case .checkpoint: try printCheckpoint()
    case .verify: try verify()
    case .show: try show()
    case .prove: try options.index == nil ? proveConsistency() : proveInclusion()
    case .export: try options.tiles == nil ? exportLines() : exportTiles()
    case .newOrigin: break
    }
  }

  // MARK: Opening

  static func openStore(_ options: LogOptions) throws(Failed) -> VaultStore {
    do throws(StoreError) {
      return try VaultStore.open(options.state, creating: false, locking: true)
    } catch { throw say(options, error) }
  }

  private static func openJournal(
    _ options: LogOptions, board: Digest
  ) throws(Failed) -> Journal {
    do throws(JournalError) {
      return try withPath(options) { (path) throws(JournalError) in
        try Journal(
          JournalFile(path: path, board: board), unixMilliseconds: tg_unix_milliseconds())
      }
    } catch { throw say(options, error) }
  }

  static func withPath<R: ~Copyable, E: Error>(
    _ options: LogOptions, _ body: (UnsafePointer<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    var path = Bytes<1024>()
    do throws(Overflow) {
      try path.append(text: options.state)
      try path.append("/log.db")
      try path.append(0)
    } catch { path.removeAll() }
    return try path.withBytes { (path) throws(E) in
      try path.withUnsafeBufferPointer { (path) throws(E) in try body(path.baseAddress!) }
    }
  }

  private static func choose(
    _ options: LogOptions, _ journal: inout Journal
  ) throws(Failed) -> LogState {
    guard let number = options.log else { return journal.durable }
    do throws(JournalError) {
      if number > 0, let log = try journal.log(after: Int64(number) - 1),
        log.number == Int64(number)
      {
        return log
      }
    } catch { throw say(options, error) }
    throw say(options, "there is no log of that number")
  }

  // MARK: A new log

  private static func beginLog(_ options: LogOptions) throws(Failed) {
    guard options.isSure else {
      throw say(
        options,
        "the register will take this for another log, and alarms stop; add --yes to do it")
    }
    var store = try openStore(options)
    var key = LogKey()
    defer {
      store.wipe()
      key.wipe()
    }
    let isKnown: Bool
    do throws(StoreError) { isKnown = try store.open(&key) } catch { throw say(options, error) }
    if !isKnown { key.seed.drawRandom(LogKey.size) }
    let board = key.makePublic()
    let now = tg_unix_milliseconds()
    do throws(JournalError) {
      try withPath(options) { (path) throws(JournalError) in
        // A journal that is missing is begun; one that is there goes on with another log.
        let origin = Origin.random()
        var journal = try Journal(
          JournalFile(path: path, board: board), beginning: origin, unixMilliseconds: now)
        if journal.durable.origin != origin {
          try journal.beginLog(origin, unixMilliseconds: now)
        }
      }
    } catch { throw say(options, error) }
    do throws(StoreError) {
      try store.syncDirectory()
      if !isKnown { try store.save(key) }
    } catch { throw say(options, error) }
    Console.output.print("a new log is begun; the old one, if it was there, is kept")
  }

  // MARK: Words

  static func say(_ options: LogOptions, _ words: StaticString) -> Failed {
    say(options) { $0.add(words) }
  }

  static func say(_ options: LogOptions, _ error: JournalError) -> Failed {
    say(options) {
      $0.add("log.db ")
      $0.add(error)
    }
  }

  static func say(_ options: LogOptions, _ error: StoreError) -> Failed {
    say(options) { $0.add(error) }
  }

  private static func say(_ options: LogOptions, _ add: (inout Line) -> Void) -> Failed {
    var line = Line()
    line.add("tillgate log: ")
    options.state.withMemoryRebound(to: CChar.self, capacity: 1) { line.add(text: $0) }
    line.add(": ")
    add(&line)
    line.print(to: .error)
    return Failed()
  }

  func say(_ words: StaticString) -> Failed { Self.say(options, words) }
  func say(_ error: JournalError) -> Failed { Self.say(options, error) }
}

extension Bytes {
  /// Appends NUL-terminated text from C.
  mutating func append(text: UnsafePointer<UInt8>) throws(Overflow) {
    var length = 0
    while text[length] != 0 { length += 1 }
    try append(Span(_unsafeElements: UnsafeBufferPointer(start: text, count: length)))
  }
}
