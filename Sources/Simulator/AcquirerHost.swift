// The other end of DUKPT: the acquirer's host, which derives each key from a base derivation key
// and reads the card data. Test world only; the base keys here are printed in standards.

import Octets
import Vault

/// A host with one base derivation key.
public struct AcquirerHost: Sendable {
  public let algorithm: KeyAlgorithm
  private let baseKey: InlineArray<16, UInt8>

  /// `baseKey` has 16 bytes.
  public init(_ algorithm: KeyAlgorithm, baseKey: Span<UInt8>) {
    precondition(baseKey.count == 16, "test keys are double-length TDES or AES-128")
    self.algorithm = algorithm
    var copy = InlineArray<16, UInt8>(repeating: 0)
    for index in baseKey.indices { copy[index] = baseKey[index] }
    self.baseKey = copy
  }

  /// The test keys of X9.24-1 annex A.4 and X9.24-3 annex B.
  public static func test(_ algorithm: KeyAlgorithm) -> AcquirerHost {
    let key: InlineArray<16, UInt8> =
      switch algorithm {
      case .tdes:
        [
          0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32,
          0x10,
        ]
      case .aes128:
        [
          0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1, 0xF1,
          0xF1,
        ]
      }
    return AcquirerHost(algorithm, baseKey: key.span)
  }

  /// The initial key of the device that `serial` names.
  public func initialKey(_ serial: KeySerialNumber, into key: inout Bytes<16>) {
    key.fill(16)
    switch algorithm {
    case .tdes:
      // X9.24-1:2004 A.6: the serial number's first 8 bytes under the base key, and under its
      // variant C0C0C0C0 00000000.
      var variant = baseKey
      for index in 0..<16 where index % 8 < 4 { variant[index] ^= 0xC0 }
      serial.at(0).withBytes { for index in 0..<16 { key[index] = $0[index % 8] } }
      key.withMutableBytes { halves in
        var left = halves._mutatingExtracting(0..<8)
        BlockCipher.tdes.encrypt(&left, key: baseKey.span)
      }
      key.withMutableBytes { halves in
        var right = halves._mutatingExtracting(8..<16)
        BlockCipher.tdes.encrypt(&right, key: variant.span)
      }
    case .aes128:
      // X9.24-3:2017 6.3.3, usage 8001, key identifier of the initial key.
      let head: InlineArray<8, UInt8> = [0x01, 0x01, 0x80, 0x01, 0x00, 0x02, 0x00, 0x80]
      for index in 0..<8 { key[index] = head[index] }
      serial.withBytes { for index in 0..<8 { key[8 + index] = $0[index] } }
      key.withMutableBytes { BlockCipher.aes.encrypt(&$0, key: baseKey.span) }
    }
  }

  /// The key of `serial`'s transaction: one step down from the initial key for each bit set.
  public func transactionKey(_ serial: KeySerialNumber, into key: inout Bytes<16>) {
    initialKey(serial, into: &key)
    var child = Bytes<16>()
    var path: UInt32 = 0
    for bit in stride(from: 31, through: 0, by: -1) where serial.counter >> UInt32(bit) & 1 == 1 {
      path |= 1 << UInt32(bit)
      key.withBytes { Derivation.child(of: $0, serial.at(path), into: &child) }
      child.withBytes { key.set($0) }
    }
  }

  /// Reads a card-data block that a device encrypted under the key of `ksn`, 10 or 12 bytes.
  public func decrypt(
    _ block: Span<UInt8>, ksn: Span<UInt8>, into card: inout Bytes<240>
  ) throws(HostError) {
    card.removeAll()
    guard let serial = KeySerialNumber(ksn, algorithm: algorithm) else { throw .serialLength }
    let cipher = algorithm.cipher
    guard !block.isEmpty, block.count <= 240, block.count % cipher.blockSize == 0 else {
      throw .blockLength
    }
    var key = Bytes<16>()
    var dataKey = Bytes<16>()
    transactionKey(serial, into: &key)
    key.withBytes { Derivation.dataKey(of: $0, serial, into: &dataKey) }
    card.set(block)
    let zeros = InlineArray<16, UInt8>(repeating: 0)
    dataKey.withBytes { key in
      card.withMutableBytes {
        cipher.decrypt(&$0, key: key, iv: zeros.span.extracting(0..<cipher.blockSize))
      }
    }
    try unpad(&card)
  }

  /// ISO/IEC 9797-1 method 2.
  private func unpad(_ card: inout Bytes<240>) throws(HostError) {
    var end = card.count - 1
    while end > 0, card[end] == 0 { end -= 1 }
    guard card[end] == 0x80, card.count - end <= algorithm.cipher.blockSize else {
      card.removeAll()
      throw .padding
    }
    card.truncate(to: end)
  }
}

public enum HostError: Error, Equatable {
  case serialLength
  case blockLength
  /// Not the key this block was encrypted under.
  case padding
}
