// Encrypts card data under a leased key the moment it has been decoded.

import Octets

public enum CardCipher {
  /// The longest block of encrypted card data: three tracks of 79 + 40 + 107 characters (ISO/IEC
  /// 7811-6 and -2) with 13 bytes of CBOR around them, padded to whole blocks of either cipher.
  public static let longestBlock = 240
  /// The longest card data: one byte of padding is the least.
  public static let longestCardData = longestBlock - 1

  /// Encrypts `card` into `block` under the next key of `lease`, which is used for nothing else and
  /// wiped. Padding is ISO/IEC 9797-1 method 2 (80, then zeros to a whole block), the mode CBC with
  /// a zero initial vector: no two messages share a key.
  ///
  /// - Throws: `tooLong`, and `leaseEmpty`; `block` is then empty and no key was spent.
  public static func encrypt(
    _ card: Span<UInt8>, with lease: inout KeyLease, into block: inout Bytes<240>
  ) throws(VaultError) -> KeyUse {
    block.wipe()
    guard card.count <= longestCardData else { throw .tooLong }
    let use = lease.take { key, serial in
      encrypt(card, serial.algorithm.cipher, key: key, into: &block)
      return KeyUse(serial)
    }
    guard let use else { throw .leaseEmpty }
    return use
  }

  private static func encrypt(
    _ card: Span<UInt8>, _ cipher: BlockCipher, key: Span<UInt8>, into block: inout Bytes<240>
  ) {
    block.fill((card.count / cipher.blockSize + 1) * cipher.blockSize)
    for index in card.indices { block[index] = card[index] }
    block[card.count] = 0x80
    block.withMutableBytes { cipher.encrypt(&$0, key: key) }
  }
}
