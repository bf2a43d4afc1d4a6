// CRC-32C: tells line noise from forgery on the register link.

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78, initial value and final XOR all ones) as
/// in RFC 3720 appendix B.4. Keeps Hamming distance 6 up to 655 bytes.
public struct CRC32C: Equatable, Sendable {
  private var register: UInt32 = 0xFFFF_FFFF

  public init() {}

  /// The register after four more zero bits.
  private static func step(_ nibble: UInt32) -> UInt32 {
    var value = nibble
    for _ in 0..<4 { value = value & 1 == 1 ? value &>> 1 ^ 0x82F6_3B78 : value &>> 1 }
    return value
  }

  public mutating func update(_ byte: UInt8) {
    register ^= UInt32(byte)
    register = register &>> 4 ^ Self.step(register & 0xF)
    register = register &>> 4 ^ Self.step(register & 0xF)
  }

  public mutating func update(_ bytes: Span<UInt8>) {
    for index in bytes.indices { update(bytes[index]) }
  }

  public var value: UInt32 { ~register }

  public static func of(_ bytes: Span<UInt8>) -> UInt32 {
    var crc = CRC32C()
    crc.update(bytes)
    return crc.value
  }
}
