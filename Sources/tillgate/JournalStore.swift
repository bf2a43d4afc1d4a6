// Where the journal lies on disk: DIR/log.db, and DIR/log.sealed with the key that its checkpoints
// are signed with. The sealed key also says that there was a journal: one that is missing or
// another board's is never silently replaced.

import CLinux
import Journal
import Link
import LinuxBoard
import Octets
import Profile
import Vault

extension Path {
  /// Calls `body` with the NUL-terminated path of a file in this directory.
  func with<R: ~Copyable, E: Error>(
    file name: StaticString, _ body: (UnsafePointer<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    var path = Bytes<160>()
    withBytes { (directory) in
      do throws(Overflow) {
        try path.append(directory)
        try path.append("/")
        try path.append(name)
        try path.append(0)
      } catch { preconditionFailure("a profile's paths are at most 107 bytes") }
    }
    return try path.withBytes { (path) throws(E) in
      try path.withUnsafeBufferPointer { (path) throws(E) in try body(path.baseAddress!) }
    }
  }
}

extension VaultStore {
  static let journalName: StaticString = "log.db"

  /// Opens this board's journal in `directory`, or begins it when there never was one.
  func openJournal(
    in directory: Path, key: inout LogKey
  ) throws(StartFailure) -> Journal {
    let isKnown: Bool
    do throws(StoreError) { isKnown = try open(&key) } catch { throw .store(error) }
    if !isKnown { key.seed.drawRandom(LogKey.size) }
    let board = key.makePublic()
    let origin: Origin? = isKnown ? nil : .random()
    let journal: Journal
    do throws(JournalError) {
      journal = try directory.with(file: Self.journalName) { (path) throws(JournalError) in
        try Journal(
          JournalFile(path: path, board: board), beginning: origin,
          unixMilliseconds: tg_unix_milliseconds())
      }
    } catch { throw .journal(error) }
    // SQLite makes its write-ahead log at each start, and goes on when the directory could not be
    // synced: a power cut would take away the file with all that was committed to it.
    do throws(StoreError) { try syncDirectory() } catch { throw .store(error) }
    // The journal first, its key after: in between, a power cut leaves a journal without records,
    // which is taken over.
    if !isKnown { do throws(StoreError) { try save(key) } catch { throw .store(error) } }
    return journal
  }
}

extension Origin {
  /// Names a new log.
  static func random() -> Origin {
    var bytes = Bytes<16>()
    bytes.drawRandom(16)
    guard let origin = bytes.withBytes({ Origin($0) }) else {
      preconditionFailure("16 bytes were drawn")
    }
    return origin
  }
}

extension Line {
  /// What is wrong with the journal, as the end of a sentence that says what to do.
  mutating func add(_ error: JournalError) {
    switch error {
    case .missing:
      add("is missing although this board has kept one: put it back from a copy, or begin a new")
      add(" log with `tillgate log new-origin`")
    case .foreign: add("is not a journal of tillgate: move it away")
    case .newerVersion(let version):
      add("was written by a newer tillgate (version ")
      add(version)
      add("): update this one")
    case .otherBoard:
      add("is another board's: put back this board's own, or move it away and begin a new log")
      add(" with `tillgate log new-origin`")
    case .damaged(let damage):
      add("is damaged: ")
      add(damage)
      add("; keep a copy, save what is readable with `tillgate log export`, then move it away and")
      add(" begin a new log with `tillgate log new-origin`")
    case .busy: add("is in use by another program; stop that first")
    case .readOnly: add("cannot be written: the file or its disk is read-only")
    case .full: add("has no room left on its disk: free some")
    case .system(let code, let errno):
      add("is refused by the system (SQLite ")
      add(code)
      add("): ")
      add(text: tg_error_text(errno))
    }
  }

  private mutating func add(_ damage: JournalDamage) {
    switch damage {
    case .file: add("its file is cut short or broken")
    case .sizes: add("a log's sizes make no sense")
    case .record(let index):
      add("record ")
      add(index)
      add(" is missing, changed or one too many")
    case .node(let level, let index):
      add("node ")
      add(index)
      add(" of level ")
      add(level)
      add(" of the tree is missing or does not fit its records")
    case .root: add("its tree has another root than was noted")
    }
  }
}
