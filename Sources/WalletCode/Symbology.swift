// The identifier that a scanner may put in front of a code: `]`, the symbology and a modifier
// (ISO/IEC 15424, which AIM first published).

import Octets

/// A scanned line taken apart.
public struct ScannedText: Equatable, Sendable {
  /// The symbology's letter, such as `Q` for QR codes and `C` for Code 128; nil when the scanner
  /// does not say.
  public let symbology: UInt8?
  /// Where the code stands in the line.
  public let code: Range<Int>

  static let identifierLength = 3

  public init(_ line: Span<UInt8>) {
    guard line.count >= Self.identifierLength, line[0] == UInt8(ascii: "]"),
      Self.isLetter(line[1]), Self.isLetter(line[2]) || Self.isDigit(line[2])
    else {
      symbology = nil
      code = 0..<line.count
      return
    }
    symbology = .some(line[1])
    code = Self.identifierLength..<line.count
  }

  private static func isLetter(_ character: UInt8) -> Bool {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
    default: false
    }
  }

  static func isDigit(_ character: UInt8) -> Bool {
    character >= UInt8(ascii: "0") && character <= UInt8(ascii: "9")
  }
}
