// TR-31 key blocks (ASC X9.143-2022, ISO 20038): the printable form in which keys travel between
// people. This file reads the header; KeyBlockCipher opens the rest.

import Octets

/// The header of a key block: what the key inside may be used for. Fields are ASCII characters at
/// the offsets of X9.143 table 1.
package struct KeyBlock: Sendable {
  /// Characters of the longest block that is read: a DUKPT key needs about 150.
  package static let longest = 512
  static let fixedHeader = 16

  /// How the key is bound to the header and which cipher protects it.
  package enum Version: UInt8, Sendable {
    /// TDES, protection key variants, 32-bit MAC; withdrawn by X9.143 but still met.
    case a = 0x41
    /// TDES, derived protection keys, 64-bit CMAC.
    case b = 0x42
    /// As A.
    case c = 0x43
    /// AES, derived protection keys, 128-bit CMAC.
    case d = 0x44

    package var cipher: BlockCipher { self == .d ? .aes : .tdes }

    package var macSize: Int {
      switch self {
      case .a, .c: 4
      case .b: 8
      case .d: 16
      }
    }

    /// Whether a protection key of `size` bytes fits.
    func takes(keySize size: Int) -> Bool {
      switch self {
      case .a, .b, .c: size == 16 || size == 24
      case .d: size == 16 || size == 24 || size == 32
      }
    }
  }

  package let version: Version
  /// Two characters, for example `B1` for a DUKPT initial key.
  package let usage: UInt16
  package let algorithm: UInt8
  package let mode: UInt8
  package let exportability: UInt8
  /// Where the values of the optional blocks KS (key set identifier, for TDES the initial key
  /// serial number) and IK (initial key identifier, for AES) stand.
  package private(set) var keySet: Range<Int>?
  package private(set) var initialKeyID: Range<Int>?
  /// Characters of header and optional blocks together.
  package private(set) var headerSize = KeyBlock.fixedHeader

  /// Reads the header of `text`, whose length must be the one it states.
  package init(_ text: Span<UInt8>) throws(KeyBlockError) {
    guard text.count >= Self.fixedHeader else { throw .init(.tooShort, at: text.count) }
    guard text.count <= Self.longest else { throw .init(.tooLong, at: Self.longest) }
    for index in 0..<Self.fixedHeader where !(0x20...0x7E).contains(text[index]) {
      throw .init(.notPrintable, at: index)
    }
    guard let version = Version(rawValue: text[0]) else { throw .init(.unknownVersion, at: 0) }
    self.version = version
    let stated = try Self.decimal(text, 1..<5, .lengthNotDecimal)
    guard stated == text.count else { throw .init(.lengthIsNot(stated: stated), at: 1) }
    usage = UInt16(text[5]) << 8 | UInt16(text[6])
    algorithm = text[7]
    mode = text[8]
    exportability = text[11]
    let optionalBlocks = try Self.decimal(text, 12..<14, .countNotDecimal)
    for _ in 0..<optionalBlocks { try readOptionalBlock(text) }
    guard headerSize % version.cipher.blockSize == 0 else {
      throw .init(.headerNotWholeBlocks, at: headerSize)
    }
  }

  /// X9.143 table 6: two characters of name, two hexadecimal digits of length, which counts these
  /// four too. A length of 00 is followed by the size of a longer length in bytes, of two digits
  /// each.
  private mutating func readOptionalBlock(_ text: Span<UInt8>) throws(KeyBlockError) {
    let start = headerSize
    guard start + 4 <= text.count else { throw .init(.optionalBlockCut, at: start) }
    var valueStart = start + 4
    var size = try Self.hexadecimal(text, (start + 2)..<(start + 4))
    if size == 0 {
      let bytes = try Self.hexadecimal(text, valueStart..<(valueStart + 2))
      guard (1...2).contains(bytes) else { throw .init(.optionalBlockLength, at: valueStart) }
      let digits = bytes * 2
      size = try Self.hexadecimal(text, (valueStart + 2)..<(valueStart + 2 + digits))
      valueStart += 2 + digits
    }
    guard start + size >= valueStart else { throw .init(.optionalBlockLength, at: start + 2) }
    guard start + size <= text.count else { throw .init(.optionalBlockCut, at: start) }
    headerSize = start + size
    switch (text[start], text[start + 1]) {
    case (UInt8(ascii: "K"), UInt8(ascii: "S")):
      guard keySet == nil else { throw .init(.optionalBlockTwice, at: start) }
      keySet = valueStart..<headerSize
    case (UInt8(ascii: "I"), UInt8(ascii: "K")):
      guard initialKeyID == nil else { throw .init(.optionalBlockTwice, at: start) }
      initialKeyID = valueStart..<headerSize
    default: break
    }
  }

  private static func decimal(
    _ text: Span<UInt8>, _ range: Range<Int>, _ problem: KeyBlockError.Problem
  ) throws(KeyBlockError) -> Int {
    var value = 0
    for index in range {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[index]) else {
        throw .init(problem, at: index)
      }
      value = value * 10 + Int(text[index] - UInt8(ascii: "0"))
    }
    return value
  }

  /// At most four digits.
  private static func hexadecimal(
    _ text: Span<UInt8>, _ range: Range<Int>
  ) throws(KeyBlockError) -> Int {
    guard range.upperBound <= text.count else { throw .init(.optionalBlockCut, at: text.count) }
    var value = 0
    for index in range {
      guard let digit = Hex.value(text[index]) else { throw .init(.optionalBlockLength, at: index) }
      value = value << 4 | Int(digit)
    }
    return value
  }
}
