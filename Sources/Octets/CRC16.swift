// CRC-16/CCITT-FALSE, which ends the payload of a code that a merchant shows.

/// CRC-16/CCITT-FALSE (in the RevEng catalogue CRC-16/IBM-3740): polynomial 0x1021, initial value
/// all ones, neither reflected nor inverted. Check value of `123456789`: 0x29B1.
public struct CRC16: Equatable, Sendable {
  public private(set) var value: UInt16 = 0xFFFF

  public init() {}

  public mutating func update(_ byte: UInt8) {
    value ^= UInt16(byte) &<< 8
    for _ in 0..<8 { value = value & 0x8000 == 0 ? value &<< 1 : value &<< 1 ^ 0x1021 }
  }

  public mutating func update(_ bytes: Span<UInt8>) {
    for index in bytes.indices { update(bytes[index]) }
  }

  public static func of(_ bytes: Span<UInt8>) -> UInt16 {
    var crc = CRC16()
    crc.update(bytes)
    return crc.value
  }
}
