// What the DUKPT cipher encrypts: the tracks of a card, as deterministic CBOR padded with zeros to
// a whole number of blocks. CBOR says where it ends, so padding needs no marker of its own.

import Octets

/// The clear tracks of one card. Lives in locked memory only and is wiped after use.
///
/// A track is its characters between the sentinels, without sentinels and LRC: what ISO 8583 data
/// elements 45, 35 and 36 carry. Empty means the track was not read.
public struct CardData: ~Copyable {
  /// Largest plaintext: tracks of 79, 40 and 107 characters, their CBOR and the padding.
  public static let maximumSize = 240

  /// At most 79 characters from space to `_` (ISO/IEC 7811: 64 characters).
  public var track1 = Bytes<79>()
  /// At most 40 characters from `0` to `?` (16 characters).
  public var track2 = Bytes<40>()
  /// At most 107 characters from `0` to `?`.
  public var track3 = Bytes<107>()

  public init() {}

  public mutating func wipe() {
    track1.wipe()
    track2.wipe()
    track3.wipe()
  }

  /// Replaces the content of `plaintext` by the tracks, padded for a cipher with blocks of
  /// `blockSize` bytes. The caller encrypts it in place; after an error it is wiped.
  public static func encode(
    track1: Span<UInt8>, track2: Span<UInt8>, track3: Span<UInt8>, blockSize: Int,
    into plaintext: inout Bytes<240>
  ) throws(CardDataError) {
    precondition(blockSize == 8 || blockSize == 16, "blocks of TDES and AES")
    plaintext.wipe()
    do throws(CardDataError) {
      try check(track1: track1, track2: track2, track3: track3)
      try append(track1, track2, track3, blockSize: blockSize, to: &plaintext)
    } catch {
      plaintext.wipe()
      throw error
    }
  }

  private static func append(
    _ track1: Span<UInt8>, _ track2: Span<UInt8>, _ track3: Span<UInt8>, blockSize: Int,
    to plaintext: inout Bytes<240>
  ) throws(CardDataError) {
    let count = (track1.isEmpty ? 0 : 1) + (track2.isEmpty ? 0 : 1) + (track3.isEmpty ? 0 : 1)
    do throws(Overflow) {
      try plaintext.appendCBOR(map: count)
      try plaintext.append(key: 1, track: track1)
      try plaintext.append(key: 2, track: track2)
      try plaintext.append(key: 3, track: track3)
      while plaintext.count % blockSize != 0 { try plaintext.append(0) }
    } catch { throw .tooLong }
  }

  /// Reads what `encode` wrote, padding included. Keys of later versions are passed over.
  public init(decoding plaintext: Span<UInt8>) throws(CardDataError) {
    self.init()
    do throws(CardDataError) {
      try decode(plaintext)
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

  private mutating func decode(_ plaintext: Span<UInt8>) throws(CardDataError) {
    let end: Int
    do throws(CBORError) {
      var reader = CBORReader(plaintext)
      var previous = -1
      for _ in 0..<(try reader.map(atMost: RecordReader.mostEntries)) {
        switch try reader.key(after: &previous) {
        case 1: try reader.read(into: &track1)
        case 2: try reader.read(into: &track2)
        case 3: try reader.read(into: &track3)
        default: try reader.skip()
        }
      }
      end = reader.offset
    } catch { throw .malformed(error) }
    guard plaintext.count - end < 16 else { throw .badPadding }
    for index in end..<plaintext.count where plaintext[index] != 0 { throw .badPadding }
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
  case noTrack
  case tooLong
  /// A character that the track's alphabet does not have.
  case foreignCharacter
  /// A whole block or more, or anything but zeros, behind the tracks: most often the wrong key.
  case badPadding
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
