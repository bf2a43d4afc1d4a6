import Octets
import Testing
import Vault

@Suite("A record")
struct RecordTests {
  private func decode(_ bytes: [UInt8]) throws(RecordError) -> Record {
    try Record(decoding: bytes.span)
  }

  private func refusal(of bytes: [UInt8]) -> RecordError? {
    do {
      _ = try decode(bytes)
      return nil
    } catch { return error }
  }

  @Test("is encoded as the page shows")
  func published() throws {
    let example = try RecordSample.encoded(RecordSample.example())
    #expect(try example == RecordSample.published("record"))
  }

  @Test("of a swipe has the published size at most")
  func largest() throws {
    let largest = try RecordSample.encoded(RecordSample.largest())
    #expect(largest.count == 496 && largest.count <= Record.maximumSize)
    var tight = Bytes<495>()
    let record = RecordSample.largest()
    #expect(throws: RecordError.tooLong) { try record.encode(into: &tight) }
  }

  @Test("of a tapped card is refused when it is too long for the link")
  func tappedLength() throws {
    let record = RecordSample.tapped(255)
    var sealed = SealedRecord()
    #expect(throws: RecordError.tooLong) {
      try record.seal(with: RecordSample.recordKey(), into: &sealed)
    }
    var copy = RecordSample.tapped()
    copy.application.truncate(to: 4)
    #expect(throws: RecordError.invalid(.chip)) { try RecordSample.encoded(copy) }
  }

  @Test("comes back from its encoding with every field", arguments: [0, 1, 2, 3])
  func roundTrip(which: Int) throws {
    let record: Record =
      switch which {
      case 0: RecordSample.example()
      case 1: RecordSample.largest()
      case 3: RecordSample.tapped()
      default: RecordSample.smallest()
      }
    let bytes = try RecordSample.encoded(record)
    #expect(try RecordSample.encoded(decode(bytes)) == bytes)
  }

  @Test("reads the fields it is asked for")
  func fields() throws {
    let record = try decode(RecordSample.published("record"))
    #expect(record.index == 41 && record.epoch == 7)
    #expect(record.amount == Record.Amount(minorUnits: 1250, currency: 978, exponent: 2))
    #expect(record.unixMilliseconds == 1_795_348_800_123 && record.isClockSet)
    #expect(record.uptimeMilliseconds == 93_784_005)
    #expect(record.entryMode == .magneticStripe && record.outcome == .captured)
    #expect(RecordSample.content(record.maskedPAN) == Array("411111******1111".utf8))
    #expect(record.scheme == 1 && record.schemeOverlap == nil && record.account == .unknown)
    #expect(
      record.swipe
        == Record.Swipe(
          isBackward: false, track1: .read, track2: .read, track3: .blank, jitterPercent: 7))
    #expect(record.algorithm == .tdesDUKPT && record.keyUsage == .dataEncryption)
    #expect(record.ksn.count == 10 && record.ciphertext.count == 88)
  }

  @Test("is not taken when a byte is missing or too many")
  func cutShort() throws {
    let bytes = try RecordSample.encoded(RecordSample.largest())
    for length in bytes.indices {
      #expect(refusal(of: Array(bytes[..<length])) != nil, "\(length) bytes")
    }
    #expect(
      refusal(of: bytes + [0]) == .malformed(.trailingBytes, field: nil, offset: bytes.count))
  }

  @Test("needs every field that is not optional", arguments: 0...20)
  func missing(key: UInt8) throws {
    var entries = RecordSample.entries
    entries[Int(key)] = nil
    let optional: [UInt8] = [11, 12, 13, 14, 15, 17]
    let field = try #require(RecordField(rawValue: key))
    let expected: RecordError? = optional.contains(key) ? nil : .missing(field)
    #expect(refusal(of: RecordSample.map(entries)) == expected)
  }

  @Test("passes over keys that were added later")
  func unknownKeys() throws {
    let plain = try RecordSample.encoded(decode(RecordSample.map(RecordSample.entries)))
    var entries = RecordSample.entries
    entries[90] = "a1 01 82 4101 f5"
    entries[4711] = "65 6c61746572"
    entries[18] =
      "a5 0102 02193000 034affff9876543210e00001 04480011223344556677 09 20"
    #expect(try RecordSample.encoded(decode(RecordSample.map(entries))) == plain)
    // Passed over, but never outside the subset: null.
    entries[22] = "f6"
    let bytes = RecordSample.map(entries)
    let behindNull = try #require(bytes.lastIndex(of: 0xF6)) + 1
    #expect(refusal(of: bytes) == .malformed(.unexpectedType, field: nil, offset: behindNull))
  }

  @Test("takes its keys in ascending order, each once")
  func keyOrder() {
    let bytes = RecordSample.map(RecordSample.entries)
    var swapped = bytes
    swapped[3] = 0
    #expect(refusal(of: swapped) == .malformed(.keyOrder, field: nil, offset: 4))
  }

  @Test(
    "says which field is wrong and how",
    arguments: [
      (0, "02", RecordError.unsupportedVersion(2)),
      (0, "20", .malformed(.unexpectedType, field: .version, offset: 2)),
      (1, "4fa0a1a2a3a4a5a6a7a8a9aaabacadae", .invalid(.origin)),
      (1, "51a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0", .malformed(.tooLarge, field: .origin, offset: 5)),
      (2, "1817", .malformed(.notShortest, field: .index, offset: 24)),
      (3, "1b0000000100000000", .malformed(.tooLarge, field: .epoch, offset: 34)),
      (4, "60", .invalid(.reference)), (4, "610a", .invalid(.reference)),
      (4, "62c3bc", .invalid(.reference)),
      (4, "61ff", .malformed(.invalidUTF8, field: .reference, offset: 29)),
      (4, "4131", .malformed(.unexpectedType, field: .reference, offset: 27)),
      (5, "07", .unsupported(.kind)), (5, "190101", .unsupported(.kind)),
      (6, "82 00 00", .invalid(.amount)), (6, "83 00 1903e8 00", .invalid(.amount)),
      (6, "83 00 00 05", .invalid(.amount)), (7, "8100", .invalid(.time)),
      (10, "02", .unsupported(.outcome)),
      (11, "60", .invalid(.maskedPAN)),
      (11, "7034313131313131313131313131313131", .invalid(.maskedPAN)),
      (11, "703431313131312a2a2a2a313131313131", .invalid(.maskedPAN)),
      (11, "7034313131313131 2a2a2a2a2a 31313131", .invalid(.maskedPAN)),
      (11, "70343131313131 2a2a2a2a2a 3131313131", .invalid(.maskedPAN)),
      (11, "6e343131313131 2a2a2a2a 31313131", .invalid(.maskedPAN)),
      (12, "8101", .invalid(.scheme)), (12, "820160", .invalid(.scheme)),
      (13, "63323831", .invalid(.expiry)), (13, "643238312a", .invalid(.expiry)),
      (13, "60", .invalid(.expiry)), (14, "60", .invalid(.serviceCode)),
      (14, "63322031", .invalid(.serviceCode)), (15, "40", .invalid(.token)),
      (15, "4100", .invalid(.token)), (16, "03", .unsupported(.account)),
      (17, "83f40101", .invalid(.swipe)), (17, "84f4010103", .unsupported(.swipe)),
      (17, "85f40101001865", .invalid(.swipe)), (18, "a0", .invalid(.encrypted)),
      (18, "a4 0103 02193000 034affff9876543210e00001 0440", .unsupported(.encrypted)),
      (18, "a4 0102 02191000 034affff9876543210e00001 0440", .unsupported(.encrypted)),
      (18, "a4 0102 02193000 034affff9876543210e00001 0440", .invalid(.encrypted)),
      (18, "a4 0102 02193000 034affff9876543210e00001 0441ee", .invalid(.encrypted)),
      (18, "a4 0102 02193000 0349ffff9876543210e000 04480011223344556677", .invalid(.encrypted)),
      (
        18,
        "a4 011a01000000 02193000 034cffffffffffffffffffffffff 04480011223344556677",
        .invalid(.encrypted)
      ),
      (19, "47 00112233445566", .invalid(.device)), (20, "60", .invalid(.firmware)),
    ])
  func wrong(key: Int, value: String, error: RecordError) {
    var entries = RecordSample.entries
    entries[key] = value
    #expect(refusal(of: RecordSample.map(entries)) == error)
  }

  @Test(
    "never holds a clear card number", arguments: ["4111111111111111", "411111**********1", ""])
  func clearPAN(text: String) throws {
    var record = RecordSample.example()
    RecordSample.write(&record.maskedPAN, text)
    var bytes = Bytes<512>()
    if text == "4111111111111111" {
      #expect(throws: RecordError.invalid(.maskedPAN)) { try record.encode(into: &bytes) }
    } else {
      try record.encode(into: &bytes)
    }
  }
}
