// The record of how a transaction ended: what comes back, what is refused and why.

import Octets
import Testing
import Vault

extension RecordSample {
  static func closing() -> ClosingRecord {
    var record = ClosingRecord()
    fill(&record.origin, "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf")
    record.index = 42
    record.epoch = 7
    write(&record.reference, "2026-11-22/0041")
    record.amount = Record.Amount(minorUnits: 1375, currency: 978, exponent: 2)
    record.unixMilliseconds = 1_795_348_803_456
    record.isClockSet = true
    record.uptimeMilliseconds = 93_787_338
    record.outcome = .approved
    record.capture = 41
    record.tip = 125
    write(&record.table, "12")
    write(&record.check, "C-77")
    record.part = ClosingRecord.Part(1, of: 3)
    write(&record.approval, "123456")
    fill(&record.device, "b827eb0000000001")
    write(&record.firmware, "0.1.0")
    return record
  }

  static func largestClosing() -> ClosingRecord {
    var record = closing()
    record.index = .max
    record.epoch = .max
    write(&record.reference, String(repeating: "r", count: 32))
    write(&record.original, String(repeating: "o", count: 32))
    write(&record.table, String(repeating: "t", count: 16))
    write(&record.check, String(repeating: "c", count: 16))
    write(&record.approval, String(repeating: "a", count: 16))
    write(&record.firmware, String(repeating: "v", count: 16))
    record.amount = Record.Amount(minorUnits: .max, currency: 999, exponent: 4)
    record.unixMilliseconds = .max
    record.uptimeMilliseconds = .max
    record.reason = .max
    record.capture = .max
    record.tip = .max
    record.part = ClosingRecord.Part(99, of: 99)
    return record
  }

  static func encoded(_ record: borrowing ClosingRecord) throws -> [UInt8] {
    var bytes = Bytes<512>()
    try record.encode(into: &bytes)
    return content(bytes)
  }

  /// The closing example's entries, to be changed one at a time.
  static let closingEntries: [Int: String] = [
    0: "01", 1: "50a0a1a2a3a4a5a6a7a8a9aaabacadaeaf", 2: "182a", 3: "07",
    4: "6f323032362d31312d32322f30303431", 5: "01", 6: "8319055f1903d202",
    7: "821b000001a20320af80f5", 8: "1a059714ca", 10: "02", 19: "48b827eb0000000001",
    20: "65302e312e30", 32: "00", 33: "1829", 34: "187d", 36: "623132", 37: "64432d3737",
    38: "820103", 39: "66313233343536",
  ]
}

@Suite("A closing record")
struct ClosingRecordTests {
  private func refusal(of bytes: [UInt8]) -> RecordError? {
    do {
      _ = try ClosingRecord(decoding: bytes.span)
      return nil
    } catch { return error }
  }

  @Test("is encoded as the page says and comes back")
  func example() throws {
    let bytes = try RecordSample.encoded(RecordSample.closing())
    #expect(bytes == RecordSample.map(RecordSample.closingEntries))
    #expect(bytes == (try RecordSample.published("closing-record")))
    #expect(try RecordSample.encoded(ClosingRecord(decoding: bytes.span)) == bytes)
  }

  @Test("is sealed as the page says and opened again")
  func sealed() throws {
    let key = RecordSample.recordKey()
    var sealed = SealedRecord()
    try RecordSample.closing().seal(with: key, into: &sealed)
    let bytes = RecordSample.content(sealed)
    #expect(bytes == (try RecordSample.published("sealed-closing-record")))
    let opened = try ClosingRecord(opening: bytes.span, with: key)
    #expect(opened.outcome == .approved && opened.capture == 41 && opened.tip == 125)
    for place in bytes.indices {
      var changed = bytes
      changed[place] ^= 1
      #expect(throws: SealError.self) { _ = try ClosingRecord(opening: changed.span, with: key) }
    }
  }

  @Test("has the size it says when every field is at its limit")
  func largest() throws {
    let bytes = try RecordSample.encoded(RecordSample.largestClosing())
    #expect(bytes.count == ClosingRecord.maximumSize)
    for length in bytes.indices { #expect(refusal(of: Array(bytes[..<length])) != nil) }
    #expect(
      refusal(of: bytes + [0]) == .malformed(.trailingBytes, field: nil, offset: bytes.count))
  }

  @Test("and the record of a card are never taken for each other")
  func notACard() throws {
    let key = RecordSample.recordKey()
    var sealed = SealedRecord()
    try RecordSample.closing().seal(with: key, into: &sealed)
    #expect(throws: SealError.record(.unsupported(.outcome))) {
      _ = try sealed.withBytes { (bytes) throws(SealError) in
        try Record(opening: bytes, with: key)
      }
    }
    try RecordSample.example().seal(with: key, into: &sealed)
    #expect(throws: SealError.record(.unsupported(.outcome))) {
      _ = try sealed.withBytes { (bytes) throws(SealError) in
        try ClosingRecord(opening: bytes, with: key)
      }
    }
  }

  @Test(
    "needs every field that is not optional", arguments: Array(RecordSample.closingEntries.keys))
  func missing(key: Int) throws {
    var entries = RecordSample.closingEntries
    entries[key] = nil
    // Without its check a part is of nothing.
    let field = try #require(RecordField(rawValue: UInt8(key)))
    let expected: RecordError? =
      switch key {
      case 37: .invalid(.part)
      case 33...: nil
      default: .missing(field)
      }
    #expect(refusal(of: RecordSample.map(entries)) == expected)
  }

  @Test(
    "says which field is wrong and how",
    arguments: [
      (0, "02", RecordError.unsupportedVersion(2)), (4, "60", .invalid(.reference)),
      (5, "07", .unsupported(.kind)), (6, "82 00 00", .invalid(.amount)),
      (6, "83 00 00 05", .invalid(.amount)), (7, "8100", .invalid(.time)),
      (10, "01", .unsupported(.outcome)), (10, "09", .unsupported(.outcome)),
      (35, "60", .invalid(.original)), (36, "610a", .invalid(.table)), (37, "60", .invalid(.check)),
      (38, "8101", .invalid(.part)), (38, "820001", .invalid(.part)),
      (38, "820403", .invalid(.part)), (38, "8201 1864", .invalid(.part)),
      (39, "60", .invalid(.approval)),
    ])
  func wrong(key: Int, value: String, error: RecordError) {
    var entries = RecordSample.closingEntries
    entries[key] = value
    #expect(refusal(of: RecordSample.map(entries)) == error)
  }
}
