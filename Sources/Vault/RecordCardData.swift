// What the DUKPT cipher encrypts: the tracks of a card, what a tapped card keeps secret, or a
// payment code, as deterministic CBOR.

import Octets

/// The clear data of one card, or one scanned payment code. Lives in locked memory only and is
/// wiped after use.
///
/// A track is its characters between the sentinels, without sentinels and LRC: what ISO 8583 data
/// elements 45, 35 and 36 carry. Empty means the track was not read. A tapped card has `objects`
/// instead.
public struct CardData: ~Copyable {
  /// Largest encoding: tracks of 79, 40 and 107 characters with their CBOR need 236.
  public static let maximumSize = 239
  /// BER-TLV objects that travel encrypted only, with their CBOR.
  public static let longestObjects = 220

  /// At most 79 characters from space to `_` (ISO/IEC 7811: 64 characters).
  public var track1 = Bytes<79>()
  /// At most 40 characters from `0` to `?` (16 characters).
  public var track2 = Bytes<40>()
  /// At most 107 characters from `0` to `?`.
  public var track3 = Bytes<107>()
  /// BER-TLV: track 2 equivalent data, card number, expiry date, name …
  public var objects = Bytes<220>()
  /// A payment code: its digits, or the decoded bytes of an EMVCo consumer-presented code.
  public var code = Bytes<232>()
  public private(set) var isConsumerCode = false

  /// Bytes of a code that fit.
  public static let longestCode = 232

  public init() {}

  public mutating func wipe() {
    track1.wipe()
    track2.wipe()
    track3.wipe()
    objects.wipe()
    code.wipe()
  }

  /// Replaces the content of `plaintext` by a tapped card's objects.
  public static func encode(
    objects: Span<UInt8>, into plaintext: inout Bytes<239>
  ) throws(CardDataError) {
    guard objects.count <= longestObjects else { throw .tooLong }
    try encode(4, objects, into: &plaintext)
  }

  /// Replaces the content of `plaintext` by a payment code; after an error it is wiped.
  public static func encode(
    code: Span<UInt8>, isConsumer: Bool, into plaintext: inout Bytes<239>
  ) throws(CardDataError) {
    guard code.count <= longestCode else { throw .tooLong }
    try encode(isConsumer ? 9 : 8, code, into: &plaintext)
  }

  /// A map of one byte string.
  private static func encode(
    _ key: UInt64, _ content: Span<UInt8>, into plaintext: inout Bytes<239>
  ) throws(CardDataError) {
    plaintext.wipe()
    guard !content.isEmpty else { throw .noTrack }
    do throws(Overflow) {
      try plaintext.appendCBOR(map: 1)
      try plaintext.append(key: key, track: content)
    } catch { throw .tooLong }
  }

  /// Replaces the content of `plaintext` by the tracks; after an error it is wiped.
  public static func encode(
    track1: Span<UInt8>, track2: Span<UInt8>, track3: Span<UInt8>,
    into plaintext: inout Bytes<239>
  ) throws(CardDataError) {
    plaintext.wipe()
    do throws(CardDataError) {
      try check(track1: track1, track2: track2, track3: track3)
      try append(track1, track2, track3, to: &plaintext)
    } catch {
      plaintext.wipe()
      throw error
    }
  }

  private static func append(
    _ track1: Span<UInt8>, _ track2: Span<UInt8>, _ track3: Span<UInt8>,
    to plaintext: inout Bytes<239>
  ) throws(CardDataError) {
    let count = (track1.isEmpty ? 0 : 1) + (track2.isEmpty ? 0 : 1) + (track3.isEmpty ? 0 : 1)
    do throws(Overflow) {
      try plaintext.appendCBOR(map: count)
      try plaintext.append(key: 1, track: track1)
      try plaintext.append(key: 2, track: track2)
      try plaintext.append(key: 3, track: track3)
    } catch { throw .tooLong }
  }

  /// Reads what `encode` wrote and nothing else. Keys of later versions are passed over.
  public init(decoding plaintext: Span<UInt8>) throws(CardDataError) {
    self.init()
    do throws(CardDataError) {
      let hasTracks = try decode(plaintext)
      guard hasTracks else { return }
      try track1.withBytes { (track1) throws(CardDataError) in
        try track2.withBytes { (track2) throws(CardDataError) in
          try track3.withBytes { (track3) throws(CardDataError) in
            try Self.check(track1: track1, track2: track2, track3: track3)
          }
        }
      }
    } catch {
      wipe()
      throw error
    }
  }

  /// Returns whether the content is tracks; else it is objects or a code, and never two of them.
  private mutating func decode(_ plaintext: Span<UInt8>) throws(CardDataError) -> Bool {
    var hasTracks = false
    var others = 0
    do throws(CBORError) {
      var reader = CBORReader(plaintext)
      var previous = -1
      for _ in 0..<(try reader.map(atMost: RecordReader.mostEntries)) {
        let key = try reader.key(after: &previous)
        switch key {
        case 1: try reader.read(into: &track1)
        case 2: try reader.read(into: &track2)
        case 3: try reader.read(into: &track3)
        case 4: try reader.read(into: &objects)
        case 8, 9:
          code.wipe()
          try reader.read(into: &code)
          isConsumerCode = key == 9
        default: try reader.skip()
        }
        hasTracks = hasTracks || 1...3 ~= key
        others += key == 4 || key == 8 || key == 9 ? 1 : 0
      }
      try reader.end()
    } catch { throw .malformed(error) }
    guard others <= (hasTracks ? 0 : 1) else { throw .mixed }
    guard hasTracks || !objects.isEmpty || !code.isEmpty else { throw .noTrack }
    return hasTracks
  }

  private static func check(
    track1: Span<UInt8>, track2: Span<UInt8>, track3: Span<UInt8>
  ) throws(CardDataError) {
    guard !track1.isEmpty || !track2.isEmpty || !track3.isEmpty else { throw .noTrack }
    try check(track1, atMost: 79, 0x20...0x5F)
    try check(track2, atMost: 40, 0x30...0x3F)
    try check(track3, atMost: 107, 0x30...0x3F)
  }

  private static func check(
    _ track: Span<UInt8>, atMost limit: Int, _ alphabet: ClosedRange<UInt8>
  ) throws(CardDataError) {
    guard track.count <= limit else { throw .tooLong }
    for index in track.indices where !alphabet.contains(track[index]) { throw .foreignCharacter }
  }
}

/// Why tracks cannot be card data, or a plaintext is not. Never says what was in them.
public enum CardDataError: Error, Equatable {
  case malformed(CBORError)
  /// Neither a track nor objects nor a code.
  case noTrack
  /// Two of tracks, objects and a code: a card has one of them.
  case mixed
  case tooLong
  /// A character that the track's alphabet does not have.
  case foreignCharacter
}

extension Bytes {
  fileprivate mutating func append(key: UInt64, track: Span<UInt8>) throws(Overflow) {
    guard !track.isEmpty else { return }
    try appendCBOR(unsigned: key)
    try appendCBOR(bytes: track)
  }
}

extension CBORReader {
  fileprivate mutating func read<let capacity: Int>(
    into track: inout Bytes<capacity>
  ) throws(CBORError) {
    let content = try bytes(atMost: capacity)
    do { try track.append(content) } catch { throw .tooLarge }
  }
}
