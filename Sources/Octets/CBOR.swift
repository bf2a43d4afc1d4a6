// Deterministic CBOR (RFC 8949 section 4.2.1), the subset that records and messages use: unsigned
// and negative integers, byte and text strings, arrays, maps, tags and booleans. The reader takes
// nothing but the one encoding the writer produces, so that two different byte strings never mean
// the same record.

/// Major types of RFC 8949 section 3.1, shifted into place.
private enum Major {
  static let unsigned: UInt8 = 0 << 5
  static let negative: UInt8 = 1 << 5
  static let bytes: UInt8 = 2 << 5
  static let text: UInt8 = 3 << 5
  static let array: UInt8 = 4 << 5
  static let map: UInt8 = 5 << 5
  static let tag: UInt8 = 6 << 5
  static let simple: UInt8 = 7 << 5
}

/// Each of these appends a whole item (or, for arrays, maps and tags, its head), or throws and
/// appends nothing.
extension Bytes {
  /// Appends a head after making sure that `content` more bytes fit behind it.
  private mutating func appendHead(
    _ major: UInt8, _ argument: UInt64, before content: Int = 0
  ) throws(Overflow) {
    let (size, low): (Int, UInt8) =
      switch argument {
      case 0..<24: (0, UInt8(argument))
      case 24..<0x100: (1, 24)
      case 0x100..<0x1_0000: (2, 25)
      case 0x1_0000..<0x1_0000_0000: (4, 26)
      default: (8, 27)
      }
    guard content <= room, 1 + size <= room - content else { throw Overflow() }
    try append(major | low)
    for place in 0..<size {
      try append(UInt8(truncatingIfNeeded: argument >> UInt64(8 * (size - 1 - place))))
    }
  }

  public mutating func appendCBOR(unsigned value: UInt64) throws(Overflow) {
    try appendHead(Major.unsigned, value)
  }

  public mutating func appendCBOR(integer value: Int64) throws(Overflow) {
    if value >= 0 {
      try appendHead(Major.unsigned, UInt64(value))
    } else {
      try appendHead(Major.negative, UInt64(bitPattern: -1 &- value))
    }
  }

  public mutating func appendCBOR(bytes: Span<UInt8>) throws(Overflow) {
    try appendHead(Major.bytes, UInt64(bytes.count), before: bytes.count)
    try append(bytes)
  }

  /// The head of a byte string whose `count` bytes the caller appends next.
  public mutating func appendCBOR(bytesHeader count: Int) throws(Overflow) {
    try appendHead(Major.bytes, UInt64(count))
  }

  /// `text` must be UTF-8: the reader takes nothing else.
  public mutating func appendCBOR(text: Span<UInt8>) throws(Overflow) {
    try appendHead(Major.text, UInt64(text.count), before: text.count)
    try append(text)
  }

  public mutating func appendCBOR(text: StaticString) throws(Overflow) {
    try withLiteral(text) { (text) throws(Overflow) in try appendCBOR(text: text) }
  }

  public mutating func appendCBOR(array count: Int) throws(Overflow) {
    try appendHead(Major.array, UInt64(count))
  }

  public mutating func appendCBOR(map count: Int) throws(Overflow) {
    try appendHead(Major.map, UInt64(count))
  }

  public mutating func appendCBOR(tag: UInt64) throws(Overflow) {
    try appendHead(Major.tag, tag)
  }

  public mutating func appendCBOR(bool value: Bool) throws(Overflow) {
    try append(Major.simple | (value ? 21 : 20))
  }
}

/// What was wrong with a CBOR item.
public enum CBORError: Error, Equatable {
  case truncated
  /// Another type than the one asked for, or one outside the subset (floats, null, indefinite
  /// lengths).
  case unexpectedType
  /// A length or number in more bytes than it needs.
  case notShortest
  /// Map keys that do not ascend, or repeat.
  case keyOrder
  /// A number, or a count of elements or bytes, above the reader's limit; or nested too deep.
  case tooLarge
  case trailingBytes
  case invalidUTF8
}

/// Reads one deterministic CBOR item over borrowed bytes.
public struct CBORReader: ~Copyable, ~Escapable {
  private var reader: Reader

  @_lifetime(copy bytes)
  public init(_ bytes: Span<UInt8>) { reader = Reader(bytes) }

  /// Offset of the next byte, for error messages.
  public var offset: Int { reader.offset }

  public func end() throws(CBORError) {
    guard reader.isAtEnd else { throw .trailingBytes }
  }

  private mutating func byte() throws(CBORError) -> UInt8 {
    do { return try reader.byte() } catch { throw .truncated }
  }

  private mutating func number<I: FixedWidthInteger & UnsignedInteger>(
    _ type: I.Type, above least: UInt64
  ) throws(CBORError) -> UInt64 {
    let value: I
    do { value = try reader.bigEndian() } catch { throw .truncated }
    guard UInt64(value) >= least else { throw .notShortest }
    return UInt64(value)
  }

  private mutating func head(_ major: UInt8) throws(CBORError) -> UInt64 {
    guard let first = reader.peek() else { throw .truncated }
    guard first & 0xE0 == major else { throw .unexpectedType }
    _ = try byte()
    switch first & 0x1F {
    case 24: return try number(UInt8.self, above: 24)
    case 25: return try number(UInt16.self, above: 0x100)
    case 26: return try number(UInt32.self, above: 0x1_0000)
    case 27: return try number(UInt64.self, above: 0x1_0000_0000)
    case let small where small < 24: return UInt64(small)
    default: throw .unexpectedType
    }
  }

  private mutating func count(_ major: UInt8, atMost limit: Int) throws(CBORError) -> Int {
    let count = try head(major)
    guard count <= UInt64(limit) else { throw .tooLarge }
    return Int(count)
  }

  public mutating func unsigned(atMost limit: UInt64 = .max) throws(CBORError) -> UInt64 {
    let value = try head(Major.unsigned)
    guard value <= limit else { throw .tooLarge }
    return value
  }

  public mutating func integer() throws(CBORError) -> Int64 {
    guard let first = reader.peek() else { throw .truncated }
    let isNegative = first & 0xE0 == Major.negative
    let argument = try head(isNegative ? Major.negative : Major.unsigned)
    guard argument <= UInt64(Int64.max) else { throw .tooLarge }
    return isNegative ? -1 - Int64(argument) : Int64(argument)
  }

  @_lifetime(copy self)
  public mutating func bytes(atMost limit: Int) throws(CBORError) -> Span<UInt8> {
    let length = try count(Major.bytes, atMost: limit)
    do { return try reader.take(length) } catch { throw .truncated }
  }

  /// A text string of at most `limit` bytes, checked to be UTF-8.
  @_lifetime(copy self)
  public mutating func text(atMost limit: Int) throws(CBORError) -> Span<UInt8> {
    let length = try count(Major.text, atMost: limit)
    let text: Span<UInt8>
    do { text = try reader.take(length) } catch { throw .truncated }
    guard isUTF8(text) else { throw .invalidUTF8 }
    return text
  }

  public mutating func array(atMost limit: Int) throws(CBORError) -> Int {
    try count(Major.array, atMost: limit)
  }

  public mutating func map(atMost limit: Int) throws(CBORError) -> Int {
    try count(Major.map, atMost: limit)
  }

  public mutating func tag() throws(CBORError) -> UInt64 { try head(Major.tag) }

  public mutating func bool() throws(CBORError) -> Bool {
    switch try byte() {
    case Major.simple | 20: return false
    case Major.simple | 21: return true
    default: throw .unexpectedType
    }
  }

  /// A map key, which must be above the one before it (start with -1).
  public mutating func key(after previous: inout Int) throws(CBORError) -> Int {
    let key = Int(try unsigned(atMost: 0xFFFF))
    guard key > previous else { throw .keyOrder }
    previous = key
    return key
  }

  /// Passes over one item, nested at most four deep, that a newer peer may have added. It is held
  /// to the same encoding rules.
  public mutating func skip() throws(CBORError) { try skip(depth: 4) }

  /// The same for items that are nested at most `depth` deep.
  public mutating func skip(depth: Int) throws(CBORError) {
    guard depth > 0 else { throw .tooLarge }
    guard let first = reader.peek() else { throw .truncated }
    switch first & 0xE0 {
    case Major.unsigned, Major.negative: _ = try head(first & 0xE0)
    case Major.bytes: _ = try bytes(atMost: .max)
    case Major.text: _ = try text(atMost: .max)
    case Major.array:
      for _ in 0..<(try array(atMost: .max)) { try skip(depth: depth - 1) }
    case Major.map: try skipMap(depth: depth)
    case Major.tag:
      _ = try tag()
      try skip(depth: depth - 1)
    default: _ = try bool()
    }
  }

  /// Keys of any type must ascend by their encoded bytes (RFC 8949 section 4.2.1).
  private mutating func skipMap(depth: Int) throws(CBORError) {
    var previous = offset..<offset
    for _ in 0..<(try map(atMost: .max)) {
      let start = offset
      try skip(depth: depth - 1)
      let key = start..<offset
      guard previous.isEmpty || isEncoding(previous, below: key) else { throw .keyOrder }
      previous = key
      try skip(depth: depth - 1)
    }
  }

  /// Whether one part of the input sorts before another, byte by byte. No item's encoding is the
  /// beginning of another's.
  private func isEncoding(_ left: Range<Int>, below right: Range<Int>) -> Bool {
    for place in 0..<min(left.count, right.count) {
      let (one, other) = (
        reader.bytes[left.lowerBound + place], reader.bytes[right.lowerBound + place]
      )
      if one != other { return one < other }
    }
    return false
  }
}

/// Whether `text` is well-formed UTF-8 (Unicode table 3-7: no overlong forms, no surrogates).
public func isUTF8(_ text: Span<UInt8>) -> Bool {
  var index = 0
  while index < text.count {
    let first = text[index]
    let (length, low, high): (Int, UInt8, UInt8) =
      switch first {
      case 0x00...0x7F: (1, 0x80, 0xBF)
      case 0xC2...0xDF: (2, 0x80, 0xBF)
      case 0xE0: (3, 0xA0, 0xBF)
      case 0xE1...0xEC, 0xEE...0xEF: (3, 0x80, 0xBF)
      case 0xED: (3, 0x80, 0x9F)
      case 0xF0: (4, 0x90, 0xBF)
      case 0xF1...0xF3: (4, 0x80, 0xBF)
      case 0xF4: (4, 0x80, 0x8F)
      default: (0, 0, 0)
      }
    guard length > 0, index + length <= text.count else { return false }
    for place in 1..<max(length, 1) {
      let byte = text[index + place]
      let range = place == 1 ? low...high : 0x80...0xBF
      guard range.contains(byte) else { return false }
    }
    index += length
  }
  return true
}
