// The one-way steps of DUKPT, from a key to its child and from a transaction's key to its data key.
// The device's registers and the acquirer's host both walk with these.

import Octets

package enum Derivation {
  /// Derives the key of `serial`'s counter from the key of the counter with one less bit set. A
  /// counter with a single bit set descends from the initial key.
  package static func child(
    of parent: Span<UInt8>, _ serial: KeySerialNumber, into child: inout Bytes<16>
  ) {
    switch serial.algorithm {
    case .tdes: tdesChild(of: parent, serial, into: &child)
    case .aes128: aes(from: parent, serial, usage: 0x8000, into: &child)
    }
  }

  /// Derives the key that encrypts data from device to host, from the transaction's key.
  package static func dataKey(
    of key: Span<UInt8>, _ serial: KeySerialNumber, into dataKey: inout Bytes<16>
  ) {
    switch serial.algorithm {
    case .tdes: tdesDataRequestKey(of: key, into: &dataKey)
    case .aes128: aes(from: key, serial, usage: 0x3000, into: &dataKey)
    }
  }

  /// X9.24-1:2004 A.2, non-reversible key generation: the right half of the child comes from the
  /// parent, the left half from the parent under the mask C0C0C0C0 00000000 (both halves).
  private static func tdesChild(
    of parent: Span<UInt8>, _ serial: KeySerialNumber, into child: inout Bytes<16>
  ) {
    var masked = Bytes<16>()
    defer { masked.wipe() }
    masked.set(parent)
    child.fill(16)
    tdesHalf(under: masked, serial, into: &child, at: 8)
    for index in 0..<16 where index % 8 < 4 { masked[index] ^= 0xC0 }
    tdesHalf(under: masked, serial, into: &child, at: 0)
  }

  /// right ⊕ DES under left of (right ⊕ the serial number's last 64 bits).
  private static func tdesHalf(
    under key: borrowing Bytes<16>, _ serial: KeySerialNumber, into child: inout Bytes<16>,
    at offset: Int
  ) {
    var block = Bytes<8>()
    defer { block.wipe() }
    serial.withBytes { block.set($0.extracting(2..<10)) }
    for index in 0..<8 { block[index] ^= key[8 + index] }
    key.withBytes { key in
      block.withMutableBytes { BlockCipher.tdes.encrypt(&$0, key: key.extracting(0..<8)) }
    }
    for index in 0..<8 { child[offset + index] = block[index] ^ key[8 + index] }
  }

  /// X9.24-1:2009 A.4.1: the data-request variant 0000000000FF0000 of both halves, then each half
  /// encrypted under the whole variant.
  private static func tdesDataRequestKey(of key: Span<UInt8>, into dataKey: inout Bytes<16>) {
    var variant = Bytes<16>()
    defer { variant.wipe() }
    variant.set(key)
    variant[5] ^= 0xFF
    variant[13] ^= 0xFF
    variant.withBytes { variant in
      dataKey.set(variant)
      dataKey.withMutableBytes { halves in
        for start in stride(from: 0, to: 16, by: 8) {
          var half = halves._mutatingExtracting(start..<(start + 8))
          BlockCipher.tdes.encrypt(&half, key: variant)
        }
      }
    }
  }

  /// X9.24-3:2017 6.3.2 and 6.3.3: AES over the derivation data of `usage`, for a 128-bit key.
  private static func aes(
    from key: Span<UInt8>, _ serial: KeySerialNumber, usage: UInt16, into child: inout Bytes<16>
  ) {
    child.fill(16)
    child[0] = 0x01  // version
    child[1] = 0x01  // first block of key bits
    child[2] = UInt8(usage >> 8)
    child[3] = UInt8(usage & 0xFF)
    child[5] = 0x02  // algorithm: AES-128
    child[7] = 0x80  // 128 bits
    // The initial key's derivation identifier (the right half of its name) and the counter.
    serial.withBytes { for index in 0..<8 { child[8 + index] = $0[4 + index] } }
    child.withMutableBytes { BlockCipher.aes.encrypt(&$0, key: key) }
  }
}
