// What `tillgate log` prints: JSON, proofs, verdicts.

import CLinux
import Journal
import Link
import LinuxBoard
import Octets

/// JSON and other text on its way to the standard output.
struct LogOutput: ~Copyable {
  private var text = Bytes<4096>()
  private(set) var hasFailed = false

  mutating func add(_ words: StaticString) {
    write { (text) throws(Overflow) in try text.append(words) }
  }
  mutating func add(_ number: UInt64) {
    write { (text) throws(Overflow) in try text.append(decimal: number) }
  }
  mutating func add(hex bytes: Span<UInt8>) {
    write { (text) throws(Overflow) in try text.append(hex: bytes) }
  }
  mutating func add(_ digest: Digest) { digest.withBytes { add(hex: $0) } }
  mutating func add(_ origin: Origin) {
    var bytes = Bytes<16>()
    do { try origin.append(to: &bytes) } catch { return }
    bytes.withBytes { add(hex: $0) }
  }

  /// A string with its quotes. References are printable ASCII.
  mutating func add(string: Span<UInt8>) {
    write { (text) throws(Overflow) in
      try text.append("\"")
      for index in string.indices {
        if string[index] == UInt8(ascii: "\"") || string[index] == UInt8(ascii: "\\") {
          try text.append(UInt8(ascii: "\\"))
        }
        try text.append(string[index])
      }
      try text.append("\"")
    }
  }

  private mutating func write(_ body: (inout Bytes<4096>) throws(Overflow) -> Void) {
    if text.room < 1200 { flush() }
    do { try body(&text) } catch { hasFailed = true }
  }

  mutating func flush() {
    text.withBytes { bytes in
      bytes.withUnsafeBytes { bytes in
        var done = 0
        while done < bytes.count {
          let count = tg_write(1, bytes.baseAddress! + done, bytes.count - done)
          guard count > 0 else {
            hasFailed = true
            return
          }
          done += count
        }
      }
    }
    text.removeAll()
  }
}

extension LogCommand {
  private borrowing func print(
    _ fill: (inout CheckpointText) throws(Overflow) -> Void
  ) throws(Failed) {
    var text = CheckpointText()
    do { try fill(&text) } catch { throw say("the text does not fit its buffer") }
    text.withBytes { bytes in
      bytes.withUnsafeBytes { _ = tg_write(1, $0.baseAddress, $0.count) }
    }
  }

  borrowing func printKey() throws(Failed) {
    let (origin, key) = (log.origin, key.makePublic())
    try print { (text) throws(Overflow) in
      try Checkpoint.appendVerifierKey(origin, key, to: &text)
      try text.append("\n")
    }
  }

  /// How many of the log's records are meant.
  borrowing func chosenSize() throws(Failed) -> UInt64 {
    let size = options.size ?? log.size
    guard size <= log.size else { throw say("the log does not have as many records") }
    return size
  }

  mutating func root(_ size: UInt64) throws(Failed) -> Digest {
    if size == log.size { return log.tree.root }
    let log = self.log
    do throws(JournalError) {
      guard size >= log.oldest else { throw .damaged(.sizes) }
      return try MerkleProver.root(0, size) { (level, index) throws(JournalError) in
        try journal.node(log, level: level, index)
      }
    } catch { throw say("the tree of that size is not kept any more") }
  }

  mutating func printCheckpoint() throws(Failed) {
    let size = try chosenSize()
    let root = try root(size)
    let origin = log.origin
    try print { (text) throws(Overflow) in
      try Checkpoint.append(origin, size: size, root: root, key: key, to: &text)
    }
  }

  mutating func verify() throws(Failed) {
    var number: Int64 = 0
    var failure: JournalError?
    do throws(JournalError) { try journal.verifyFile() } catch { failure = error }
    while failure == nil {
      do throws(JournalError) {
        guard let log = try journal.log(after: number) else { break }
        number = log.number
        try journal.verify(log)
        printVerdict(log)
      } catch { failure = error }
    }
    if let failure { throw say(failure) }
  }

  private func printVerdict(_ log: LogState) {
    var out = LogOutput()
    out.add("log ")
    out.add(UInt64(log.number))
    out.add(log.isEnded ? ", ended, origin " : ", origin ")
    out.add(log.origin)
    out.add(": ")
    out.add(log.size - log.oldest)
    out.add(" records from ")
    out.add(log.oldest)
    out.add(" on are whole, acknowledged ")
    out.add(log.acknowledged)
    out.add(", root ")
    out.add(log.tree.root)
    out.add("\n")
    out.flush()
  }

  // MARK: JSON

  mutating func show() throws(Failed) {
    var out = LogOutput()
    guard try add(options.index ?? 0, to: &out) else {
      throw say("the log has no such record, or keeps it no more")
    }
    out.flush()
  }

  mutating func exportLines() throws(Failed) {
    var out = LogOutput()
    for index in log.oldest..<log.size {
      // What is damaged is left out and named; the rest can be saved.
      do throws(Failed) { _ = try add(index, to: &out) } catch {}
      if out.hasFailed { throw say("the output takes no more") }
    }
    out.flush()
    if out.hasFailed { throw say("the output takes no more") }
  }

  private mutating func add(_ index: UInt64, to out: inout LogOutput) throws(Failed) -> Bool {
    var sealed = SealedRecord()
    let note: RecordNote?
    do throws(JournalError) { note = try journal.read(index, of: log, into: &sealed) } catch {
      throw say(error)
    }
    guard let note else { return false }
    out.add("{\"origin\":\"")
    out.add(log.origin)
    out.add("\",\"index\":")
    out.add(index)
    out.add(",\"time\":")
    out.add(note.unixMilliseconds)
    out.add(",\"reference\":")
    note.reference?.withText { out.add(string: $0) }
    if note.reference == nil { out.add("null") }
    out.add(",\"leaf\":\"")
    sealed.withBytes { sealed in
      out.add(Digest.leaf(sealed))
      out.add("\",\"sealed\":\"")
      out.add(hex: sealed)
    }
    out.add("\"}\n")
    return true
  }

  mutating func proveInclusion() throws(Failed) {
    let (index, size, log) = (options.index ?? 0, try chosenSize(), self.log)
    var sealed = SealedRecord()
    let proof: MerkleProof
    do throws(JournalError) {
      guard let found = try journal.inclusionProof(index, size: size, of: log),
        try journal.read(index, of: log, into: &sealed) != nil
      else { throw .missing }
      proof = found
    } catch { throw error == .missing ? say("that record is not kept") : say(error) }
    var out = LogOutput()
    begin(size, &out)
    out.add(",\"index\":")
    out.add(index)
    out.add(",\"leaf\":\"")
    out.add(sealed.withBytes { Digest.leaf($0) })
    try end(proof, size, &out)
  }

  mutating func proveConsistency() throws(Failed) {
    let (old, size, log) = (options.from ?? 0, try chosenSize(), self.log)
    let proof: MerkleProof
    do throws(JournalError) {
      guard let found = try journal.consistencyProof(from: old, to: size, of: log) else {
        throw .missing
      }
      proof = found
    } catch { throw error == .missing ? say("the tree of that size is not kept") : say(error) }
    var out = LogOutput()
    begin(size, &out)
    out.add(",\"from\":")
    out.add(old)
    out.add(",\"oldRoot\":\"")
    out.add(try root(old))
    try end(proof, size, &out)
  }

  private func begin(_ size: UInt64, _ out: inout LogOutput) {
    out.add("{\"origin\":\"")
    out.add(log.origin)
    out.add("\",\"size\":")
    out.add(size)
  }

  private mutating func end(
    _ proof: MerkleProof, _ size: UInt64, _ out: inout LogOutput
  ) throws(Failed) {
    out.add("\",\"root\":\"")
    out.add(try root(size))
    out.add("\",\"path\":[")
    for place in 0..<proof.count {
      out.add(place == 0 ? "\"" : ",\"")
      out.add(proof[place])
      out.add("\"")
    }
    out.add("]}\n")
    out.flush()
  }
}
