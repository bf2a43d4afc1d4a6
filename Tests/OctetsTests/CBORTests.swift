import Octets
import Testing

@Suite("Deterministic CBOR")
struct CBORTests {
  @Test(
    "writes and reads integers as RFC 8949 appendix A",
    arguments: [
      (Int64(0), "00"), (1, "01"), (10, "0a"), (23, "17"), (24, "1818"), (25, "1819"),
      (100, "1864"), (1000, "1903e8"), (1_000_000, "1a000f4240"),
      (1_000_000_000_000, "1b000000e8d4a51000"), (-1, "20"), (-10, "29"), (-100, "3863"),
      (-1000, "3903e7"), (.max, "1b7fffffffffffffff"), (.min, "3b7fffffffffffffff"),
    ])
  func integers(value: Int64, hex: String) throws {
    var bytes = Bytes<16>()
    try bytes.appendCBOR(integer: value)
    #expect(content(bytes) == octets(hex))
    let encoded = octets(hex)
    var reader = CBORReader(encoded.span)
    #expect(try reader.integer() == value)
    try reader.end()
  }

  @Test("writes and reads the largest unsigned integer of appendix A")
  func largest() throws {
    var bytes = Bytes<16>()
    try bytes.appendCBOR(unsigned: .max)
    #expect(content(bytes) == octets("1bffffffffffffffff"))
    let encoded = content(bytes)
    var reader = CBORReader(encoded.span)
    #expect(try reader.unsigned() == .max)
  }

  @Test(
    "writes and reads strings as appendix A",
    arguments: [
      ("", "60"), ("a", "6161"), ("IETF", "6449455446"), ("\"\\", "62225c"), ("\u{fc}", "62c3bc"),
      ("\u{6c34}", "63e6b0b4"), ("\u{10151}", "64f0908591"),
    ])
  func text(value: String, hex: String) throws {
    var bytes = Bytes<16>()
    let text = Array(value.utf8)
    try bytes.appendCBOR(text: text.span)
    #expect(content(bytes) == octets(hex))
    let encoded = content(bytes)
    var reader = CBORReader(encoded.span)
    #expect(try reader.text(atMost: 4).equals(text.span))
    try reader.end()
  }

  @Test("writes and reads nested arrays, maps, tags and booleans as appendix A")
  func structures() throws {
    var bytes = Bytes<64>()
    // {"a": 1, "b": [2, 3]}, 1(1363896240), h'01020304', [] and {} in one array.
    try bytes.appendCBOR(array: 7)
    try bytes.appendCBOR(map: 2)
    try bytes.appendCBOR(text: "a")
    try bytes.appendCBOR(unsigned: 1)
    try bytes.appendCBOR(text: "b")
    try bytes.appendCBOR(array: 2)
    try bytes.appendCBOR(unsigned: 2)
    try bytes.appendCBOR(unsigned: 3)
    try bytes.appendCBOR(tag: 1)
    try bytes.appendCBOR(unsigned: 1_363_896_240)
    try bytes.appendCBOR(bytes: [1, 2, 3, 4].span)
    try bytes.appendCBOR(array: 0)
    try bytes.appendCBOR(map: 0)
    try bytes.appendCBOR(bool: false)
    try bytes.appendCBOR(bool: true)
    let encoded = octets("87 a26161016162820203 c11a514b67b0 4401020304 80 a0 f4 f5")
    #expect(content(bytes) == encoded)
    var reader = CBORReader(encoded.span)
    #expect(try reader.array(atMost: 7) == 7)
    try reader.skip()
    #expect(try reader.tag() == 1)
    #expect(try reader.unsigned() == 1_363_896_240)
    #expect(try reader.bytes(atMost: 4).count == 4)
    #expect(try reader.array(atMost: 0) == 0)
    #expect(try reader.map(atMost: 0) == 0)
    #expect(try reader.bool() == false)
    #expect(try reader.bool() == true)
    try reader.end()
    #expect(throws: CBORError.truncated) { try skipping([]) }
  }

  @Test("writes a whole item or nothing")
  func overflow() throws {
    var bytes = Bytes<4>()
    #expect(throws: Overflow()) { try bytes.appendCBOR(unsigned: 0x1_0000) }
    #expect(throws: Overflow()) { try bytes.appendCBOR(bytes: [1, 2, 3, 4].span) }
    #expect(throws: Overflow()) { try bytes.appendCBOR(text: "card") }
    #expect(bytes.count == 0)
    try bytes.appendCBOR(text: "pan")
    #expect(throws: Overflow()) { try bytes.appendCBOR(bool: true) }
    #expect(content(bytes) == octets("6370616e"))
  }

  private func skipping(_ bytes: [UInt8]) throws(CBORError) {
    var reader = CBORReader(bytes.span)
    try reader.skip()
    try reader.end()
  }

  @Test(
    "refuses every other encoding of the same",
    arguments: [
      ("1817", CBORError.notShortest), ("1900ff", .notShortest), ("1a0000ffff", .notShortest),
      ("1b00000000ffffffff", .notShortest), ("3817", .notShortest), ("5800", .notShortest),
      ("7800", .notShortest), ("9800", .notShortest), ("b800", .notShortest),
      ("d817 00", .notShortest), ("1c", .unexpectedType), ("1f", .unexpectedType),
      ("5f", .unexpectedType), ("7f", .unexpectedType), ("9f00ff", .unexpectedType),
      ("bfff", .unexpectedType), ("f6", .unexpectedType), ("f7", .unexpectedType),
      ("f820", .unexpectedType), ("f93c00", .unexpectedType), ("fa47c35000", .unexpectedType),
      ("fb3ff199999999999a", .unexpectedType), ("ff", .unexpectedType), ("18", .truncated),
      ("1903", .truncated), ("1b00000000000000", .truncated), ("42 01", .truncated),
      ("62 61", .truncated), ("82 01", .truncated), ("a1 01", .truncated), ("c1", .truncated),
      ("82 00 18", .truncated), ("00 00", .trailingBytes), ("61ff", .invalidUTF8),
      ("62c080", .invalidUTF8), ("63e08080", .invalidUTF8), ("63eda080", .invalidUTF8),
      ("64f08080 80", .invalidUTF8), ("64f4908080", .invalidUTF8), ("62c3 28", .invalidUTF8),
      ("61c3", .invalidUTF8), ("64f5808080", .invalidUTF8),
      ("a2 01 00 01 00", .keyOrder), ("a2 02 00 01 00", .keyOrder),
      ("a2 6162 00 6161 00", .keyOrder), ("a2 20 00 01 00", .keyOrder),
      ("81818181 00", .tooLarge), ("c1c1c1c1 00", .tooLarge),
      ("5b7fffffffffffffff 00", .truncated), ("9b7fffffffffffffff 00", .truncated),
      ("bb7fffffffffffffff 0000", .truncated), ("5bffffffffffffffff", .tooLarge),
      ("9bffffffffffffffff", .tooLarge),
    ])
  func refused(hex: String, error: CBORError) {
    #expect(throws: error) { try skipping(octets(hex)) }
  }

  @Test(
    "passes over any item of the subset",
    arguments: [
      "00", "1bffffffffffffffff", "3bffffffffffffffff", "4401020304", "62c3bc", "63ee8080",
      "63efbfbf", "818181 00", "a2 01 00 6161 a1 20 f5", "a2 17 00 1818 00", "d81843010203",
    ])
  func passedOver(hex: String) throws {
    try skipping(octets(hex))
    // No proper beginning of an item is an item.
    let bytes = octets(hex)
    for length in 0..<bytes.count {
      #expect(throws: CBORError.self) { try skipping(Array(bytes[..<length])) }
    }
  }

  @Test("keeps to the limits it was given")
  func limits() {
    expect(.tooLarge, "05") { (reader) throws(CBORError) in _ = try reader.unsigned(atMost: 4) }
    expect(.tooLarge, "420102") { (reader) throws(CBORError) in _ = try reader.bytes(atMost: 1) }
    expect(.tooLarge, "626162") { (reader) throws(CBORError) in _ = try reader.text(atMost: 1) }
    expect(.tooLarge, "820102") { (reader) throws(CBORError) in _ = try reader.array(atMost: 1) }
    expect(.tooLarge, "a201020304") { (reader) throws(CBORError) in _ = try reader.map(atMost: 1) }
    expect(.tooLarge, "1b8000000000000000") { (reader) throws(CBORError) in
      _ = try reader.integer()
    }
    expect(.tooLarge, "3b8000000000000000") { (reader) throws(CBORError) in
      _ = try reader.integer()
    }
    expect(.truncated, "420102".prefixed(2)) { (reader) throws(CBORError) in
      _ = try reader.bytes(atMost: 8)
    }
  }

  @Test("takes another type than asked for as an error")
  func types() {
    for hex in ["20", "40", "60", "80", "a0", "c100", "f4"] {
      expect(.unexpectedType, hex) { (reader) throws(CBORError) in _ = try reader.unsigned() }
    }
    for hex in ["00", "f6", "e0"] {
      expect(.unexpectedType, hex) { (reader) throws(CBORError) in _ = try reader.bool() }
    }
    expect(.unexpectedType, "40") { (reader) throws(CBORError) in _ = try reader.integer() }
  }

  @Test("takes map keys in ascending order only")
  func keys() throws {
    let bytes = octets("00 05 05 04")
    var reader = CBORReader(bytes.span)
    var previous = -1
    #expect(try reader.key(after: &previous) == 0)
    #expect(try reader.key(after: &previous) == 5)
    for _ in 0..<2 {
      do {
        _ = try reader.key(after: &previous)
        Issue.record("a key that does not ascend was taken")
      } catch { #expect(error == .keyOrder) }
    }
    #expect(reader.offset == 4)
  }

  private func expect(
    _ expected: CBORError, _ hex: String,
    _ body: (inout CBORReader) throws(CBORError) -> Void,
    _ location: SourceLocation = #_sourceLocation
  ) {
    let bytes = octets(hex)
    var reader = CBORReader(bytes.span)
    do {
      try body(&reader)
      Issue.record("\(hex) was taken", sourceLocation: location)
    } catch { #expect(error == expected, sourceLocation: location) }
  }
}

extension String {
  /// The text of the first `count` bytes.
  fileprivate func prefixed(_ count: Int) -> String { String(prefix(count * 2)) }
}
