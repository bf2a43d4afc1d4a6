// One line of a run's transcript: numbers only, formatted without heap or Foundation, so that both
// builds print the same bytes.

import Controller
import Link
import Octets
import Register

/// `<milliseconds> <what> <numbers in hexadecimal>` and a line feed.
struct TranscriptLine: ~Copyable {
  private(set) var text = Bytes<160>()

  init(_ what: StaticString, at now: Instant) {
    var digits = InlineArray<8, UInt8>(repeating: UInt8(ascii: "0"))
    var rest = now.nanoseconds / 1_000_000
    for place in stride(from: 7, through: 0, by: -1) {
      digits[place] += UInt8(rest % 10)
      rest /= 10
    }
    write { (text) throws(Overflow) in
      try text.append(digits.span)
      try text.append(" ")
      try text.append(what)
    }
  }

  private mutating func write(_ body: (inout Bytes<160>) throws(Overflow) -> Void) {
    do { try body(&text) } catch { preconditionFailure("a line has ten numbers at most") }
  }

  mutating func add(_ number: UInt64) {
    write { (text) throws(Overflow) in
      try text.append(" ")
      var shift: UInt64 = 60
      while shift > 0, number >> shift == 0 { shift -= 4 }
      while true {
        try text.append(Hex.digit(UInt8(truncatingIfNeeded: number >> shift)))
        if shift == 0 { return }
        shift -= 4
      }
    }
  }

  mutating func add(_ reference: Reference?) {
    write { (text) throws(Overflow) in
      try text.append(" ")
      guard let reference else { return try text.append("-") }
      try reference.withText { (name) throws(Overflow) in try text.append(name) }
    }
  }

  mutating func end(_ say: (Span<UInt8>) -> Void) {
    write { (text) throws(Overflow) in try text.append("\n") }
    text.withBytes(say)
  }
}

extension TranscriptLine {
  init(_ occurrence: Occurrence) {
    self.init("controller", at: occurrence.at)
    add(UInt64(occurrence.code.rawValue))
    add(UInt64(occurrence.detail))
    add(UInt64(occurrence.amount))
  }

  /// What the register heard; of a record its check sum, which every byte of it is in.
  init(_ event: RegisterEvent, sealed: borrowing Bytes<560>, at now: Instant) {
    self.init("register", at: now)
    switch event {
    case .linkUp(let info, _): add(1, nil, info.first, info.next)
    case .response(let response):
      add(2, response.reference, response.isAccepted ? 1 : 0, UInt64(response.reason.rawValue))
    case .event(let event):
      add(3, event.reference, UInt64(event.kind.rawValue), UInt64(event.reason.rawValue))
    case .record(let index): add(4, nil, index, sealed.checksum)
    case .recordCopy(let index): add(5, nil, index, sealed.checksum)
    case .status(let status): add(6, status.reference, status.state.number, 0)
    case .totals(let totals): add(8, nil, totals.name.number, totals.refused)
    case .diagnosis(let diagnosis): add(9, nil, diagnosis.releases, diagnosis.lateReleases)
    case .recall(let index): add(10, nil, index, 0)
    case .forked: add(11, nil, 0, 0)
    case .error(let error): add(7, nil, error.type, UInt64(error.reason.rawValue))
    }
  }

  private mutating func add(_ kind: UInt64, _ reference: Reference?, _ a: UInt64, _ b: UInt64) {
    add(kind)
    add(reference)
    add(a)
    add(b)
  }
}

extension Bytes<560> {
  fileprivate var checksum: UInt64 { withBytes { UInt64(CRC32C.of($0)) } }
}

extension TransactionStatus.State {
  fileprivate var number: UInt64 {
    switch self {
    case .notFound: 0
    case .inProgress: 1
    case .processed(_, let index): 0x100 + index
    case .ended(let reason): 0x1_0000 + UInt64(reason.rawValue)
    }
  }
}
