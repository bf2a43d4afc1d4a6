// A CBOR reader that knows which field it stands in, so that every error names field and offset.

import Octets

struct RecordReader: ~Copyable, ~Escapable {
  /// More entries than any record has, so that later versions can add some.
  static var mostEntries: Int { 64 }

  private var reader: CBORReader
  var field: RecordField?

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) {
    reader = CBORReader(bytes)
    field = nil
  }

  private func malformed(_ error: CBORError) -> RecordError {
    .malformed(error, field: field, offset: reader.offset)
  }

  mutating func end() throws(RecordError) {
    do { try reader.end() } catch { throw malformed(error) }
  }

  mutating func map() throws(RecordError) -> Int {
    do { return try reader.map(atMost: Self.mostEntries) } catch { throw malformed(error) }
  }

  mutating func array(atMost limit: Int) throws(RecordError) -> Int {
    do { return try reader.array(atMost: limit) } catch { throw malformed(error) }
  }

  mutating func key(after previous: inout Int) throws(RecordError) -> Int {
    do { return try reader.key(after: &previous) } catch { throw malformed(error) }
  }

  mutating func skip() throws(RecordError) {
    do { try reader.skip() } catch { throw malformed(error) }
  }

  mutating func bool() throws(RecordError) -> Bool {
    do { return try reader.bool() } catch { throw malformed(error) }
  }

  /// A number that fits `I`.
  mutating func unsigned<I: FixedWidthInteger & UnsignedInteger>() throws(RecordError) -> I {
    let value: UInt64
    do { value = try reader.unsigned(atMost: UInt64(I.max)) } catch { throw malformed(error) }
    return I(truncatingIfNeeded: value)
  }

  /// A number that must be one of an enumeration's.
  mutating func known<I: FixedWidthInteger & UnsignedInteger, Value>(
    _ value: (I) -> Value?
  ) throws(RecordError) -> Value {
    let number: UInt64
    do { number = try reader.unsigned() } catch { throw malformed(error) }
    if let number = I(exactly: number), let value = value(number) { return value }
    guard let field else { throw malformed(.unexpectedType) }
    throw .unsupported(field)
  }

  mutating func bytes<let capacity: Int>(
    into bytes: inout Bytes<capacity>
  ) throws(RecordError) {
    do throws(CBORError) {
      let content = try reader.bytes(atMost: capacity)
      bytes.replace(with: content)
    } catch { throw malformed(error) }
  }

  mutating func text<let capacity: Int>(
    into text: inout Bytes<capacity>
  ) throws(RecordError) {
    do throws(CBORError) {
      let content = try reader.text(atMost: capacity)
      text.replace(with: content)
    } catch { throw malformed(error) }
  }

  mutating func amount() throws(RecordError) -> Record.Amount {
    guard try array(atMost: 3) == 3 else { throw .invalid(.amount) }
    return Record.Amount(
      minorUnits: try unsigned(), currency: try unsigned(), exponent: try unsigned())
  }

  /// Milliseconds since 1970, and whether the clock was set.
  mutating func time() throws(RecordError) -> (UInt64, Bool) {
    guard try array(atMost: 2) == 2 else { throw .invalid(.time) }
    return (try unsigned(), try bool())
  }

  mutating func swipe() throws(RecordError) -> Record.Swipe {
    let count = try array(atMost: 5)
    guard count >= 4 else { throw .invalid(.swipe) }
    return Record.Swipe(
      isBackward: try bool(),
      track1: try known(Record.TrackState.init),
      track2: try known(Record.TrackState.init),
      track3: try known(Record.TrackState.init),
      jitterPercent: count == 5 ? try unsigned() : nil)
  }
}

extension Bytes {
  /// `content` was read with this buffer's capacity as its limit.
  fileprivate mutating func replace(with content: Span<UInt8>) {
    removeAll()
    do { try append(content) } catch { preconditionFailure("the limit was the capacity") }
  }
}

/// Goes through a record's map: hands out the fields that are known, in turn, and keeps which came.
struct RecordFields {
  private var left: Int
  private var previous = -1
  private var seen: UInt64 = 0

  init(_ reader: inout RecordReader) throws(RecordError) { left = try reader.map() }

  /// The next known field, whose value `reader` stands before; nil at the record's end, behind
  /// which nothing may be.
  mutating func next(in reader: inout RecordReader) throws(RecordError) -> RecordField? {
    reader.field = nil
    while left > 0 {
      left -= 1
      let key = try reader.key(after: &previous)
      guard let key = UInt8(exactly: key), let field = RecordField(rawValue: key) else {
        try reader.skip()
        continue
      }
      reader.field = field
      seen |= field.bit
      return field
    }
    try reader.end()
    return nil
  }

  func require(_ fields: UInt64) throws(RecordError) {
    let missing = fields & ~seen
    if missing != 0, let field = RecordField(rawValue: UInt8(missing.trailingZeroBitCount)) {
      throw .missing(field)
    }
  }
}
