// What a register keeps on its disk: which payments it asked for, every record it took, and how the
// rest ended. A line each, durable before the register goes on.

import CGuest
import CLinux
import Link
import Octets
import Register
import Vault

/// A payment as the register knows it.
struct AskedPayment {
  var reference: Reference
  var outcome = Outcome.open

  enum Outcome {
    case open
    /// The controller said so; its record is not here yet.
    case captured
    case recorded
    /// The controller knows nothing of it, or ended it without a card.
    case nothing
  }
}

struct Store: ~Copyable {
  private let file: Int32
  private(set) var held: RecordsHeld?
  private(set) var payments: [AskedPayment] = []
  private(set) var keys: [UInt64] = []
  /// Every record, to be given back to a controller that lost it.
  private(set) var sealed: [[UInt8]] = []
  private(set) var alarms = 0
  private(set) var newOrigins = 0

  /// Reads the file, or begins it. Nil when it cannot be had.
  init?(_ path: UnsafePointer<CChar>) {
    file = guest_open_log(path)
    guard file >= 0 else { return nil }
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while tg_read(file, &byte, 1) == 1 {
      if byte == UInt8(ascii: "\n") {
        replay(line)
        line.removeAll()
      } else {
        line.append(byte)
      }
    }
  }

  deinit { guest_close(file) }

  /// Records stored.
  var recordCount: Int { keys.count }
  /// Keys that served more than once.
  var keysUsedTwice: Int {
    let sorted = keys.sorted()
    return zip(sorted, sorted.dropFirst()).count { $0 == $1 }
  }
  func count(_ outcome: AskedPayment.Outcome) -> Int { payments.count { $0.outcome == outcome } }
  /// The youngest payment whose end is not known.
  var open: Reference? {
    payments.last { $0.outcome == .open || $0.outcome == .captured }?.reference
  }

  // MARK: What happens

  mutating func noteAsked(_ reference: Reference) {
    payments.append(AskedPayment(reference: reference))
    write("asked ", reference)
  }

  mutating func noteCaptured(_ reference: Reference) {
    guard set(reference, .captured, unless: .recorded) else { return }
    write("captured ", reference)
  }

  mutating func note(_ status: TransactionStatus) {
    switch status.state {
    case .notFound, .ended:
      // What was captured must come; what was recorded is here.
      guard set(status.reference, .nothing, unless: .recorded, .captured) else { return }
      write("nothing ", status.reference)
    case .inProgress, .processed: break
    }
  }

  mutating func noteEnded(_ reference: Reference) {
    note(TransactionStatus(reference, .notFound))
  }

  mutating func note(_ info: BootInfo, _ standing: Standing) {
    switch standing {
    case .continuous: break
    case .newOrigin:
      newOrigins += 1
      held = RecordsHeld(origin: info.origin, tree: info.start)
    case .ahead: break
    case .missing, .forked: alarms += 1
    }
  }

  mutating func noteForked() { alarms += 1 }

  mutating func keep(_ record: borrowing Record, _ sealed: borrowing SealedRecord) {
    guard let origin = record.origin.withBytes({ Origin($0) }),
      let reference = record.reference.withBytes({ Reference($0) })
    else { return }
    let key = Self.key(record.ksn)
    var line = TextLine("record ")
    record.origin.withBytes { line.add(hex: $0) }
    line.add(" ")
    line.add(record.index)
    line.add(" ")
    line.add(key)
    line.add(" ")
    sealed.withBytes { line.add(hex: $0) }
    line.add(" ")
    record.reference.withBytes { line.add($0) }
    write(line)
    sealed.withBytes { took(origin, record.index, key, reference, $0) }
  }

  /// The counter and the end of the device's number: what tells one device's keys apart.
  private static func key(_ ksn: borrowing Bytes<12>) -> UInt64 {
    var key: UInt64 = 0
    for index in 0..<ksn.count { key = key << 8 | UInt64(ksn[index]) }
    return key
  }

  private mutating func took(
    _ origin: Origin, _ index: UInt64, _ key: UInt64, _ reference: Reference,
    _ sealed: Span<UInt8>
  ) {
    var next = held ?? RecordsHeld(origin: origin, tree: MerkleTree())
    if next.origin != origin || next.size != index { alarms += 1 }
    next.tree.append(.leaf(sealed))
    held = next
    keys.append(key)
    self.sealed.append(sealed.indices.map { sealed[$0] })
    set(reference, .recorded)
  }

  @discardableResult
  private mutating func set(
    _ reference: Reference, _ outcome: AskedPayment.Outcome,
    unless known: AskedPayment.Outcome...
  ) -> Bool {
    guard let index = payments.lastIndex(where: { $0.reference == reference }),
      !known.contains(payments[index].outcome)
    else { return false }
    payments[index].outcome = outcome
    return true
  }

  // MARK: The file

  private func write(_ word: StaticString, _ reference: Reference) {
    var line = TextLine(word)
    reference.withText { line.add($0) }
    write(line)
  }

  private func write(_ line: TextLine) {
    line.write(to: file)
    _ = tg_sync(file)
  }

  private mutating func replay(_ line: [UInt8]) {
    let words = line.split(separator: UInt8(ascii: " "))
    guard words.count >= 2 else { return }
    let last = Reference(Array(words[words.count - 1]).span)
    guard let last else { return }
    switch (line.first, words.count) {
    case (UInt8(ascii: "a"), 2): payments.append(AskedPayment(reference: last))
    case (UInt8(ascii: "c"), 2): set(last, .captured, unless: .recorded)
    case (UInt8(ascii: "n"), 2): set(last, .nothing, unless: .recorded)
    case (UInt8(ascii: "r"), 6): replayRecord(words, last)
    default: break
    }
  }

  private mutating func replayRecord(_ words: [ArraySlice<UInt8>], _ reference: Reference) {
    var bytes = Bytes<16>()
    do throws(HexError) { try Hex.decode(Array(words[1]).span, into: &bytes) } catch { return }
    guard let origin = bytes.withBytes({ Origin($0) }) else { return }
    var sealed = SealedRecord()
    do throws(HexError) { try Hex.decode(Array(words[4]).span, into: &sealed) } catch { return }
    sealed.withBytes {
      took(origin, Self.number(words[2]), Self.number(words[3]), reference, $0)
    }
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> UInt64 {
    digits.reduce(0) { $0 &* 10 &+ UInt64($1 &- UInt8(ascii: "0")) }
  }
}
