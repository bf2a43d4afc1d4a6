// Application cryptograms as a card makes them, under a test issuer's key. Tests/peers/test_emv.py
// has pyemv make the same.

import Octets
import Vault

enum CardCryptogram {
  /// The test issuer's master key for cryptograms.
  static let issuerKey: [UInt8] = [
    0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10, 0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF,
  ]

  /// Visa's version 10: under the card's own key, filled with zeros.
  static func version10(_ input: [UInt8], card: [UInt8]) -> [UInt8] {
    mac(input, key: diversify(issuerKey, card, complement(card)))
  }

  /// Version 18: under a key for this transaction (EMV Book 2 annex A1.3.1), padded with 80.
  static func version18(_ input: [UInt8], card: [UInt8], counter: [UInt8]) -> [UInt8] {
    let cardKey = diversify(issuerKey, card, complement(card))
    let (left, right) = (counter + [0xF0, 0, 0, 0, 0, 0], counter + [0x0F, 0, 0, 0, 0, 0])
    return mac(input + [0x80], key: diversify(cardKey, left, right))
  }

  private static func complement(_ bytes: [UInt8]) -> [UInt8] { bytes.map { ~$0 } }

  /// Both halves of a key: two blocks under another.
  private static func diversify(
    _ key: [UInt8], _ left: [UInt8], _ right: [UInt8]
  ) -> [UInt8] {
    des(left, key) + des(right, key)
  }

  /// ISO/IEC 9797-1 algorithm 3: single DES but for the last block.
  private static func mac(_ input: [UInt8], key: [UInt8]) -> [UInt8] {
    var chain = [UInt8](repeating: 0, count: 8)
    let (left, right) = (Array(key[..<8]), Array(key[8...]))
    for start in stride(from: 0, to: input.count, by: 8) {
      for place in 0..<min(8, input.count - start) { chain[place] ^= input[start + place] }
      chain = des(chain, left)
    }
    var bytes = Bytes<8>()
    bytes.set(chain.span)
    let zeros: [8 of UInt8] = [0, 0, 0, 0, 0, 0, 0, 0]
    bytes.withMutableBytes { BlockCipher.tdes.decrypt(&$0, key: right.span, iv: zeros.span) }
    return des((0..<8).map { bytes[$0] }, left)
  }

  private static func des(_ block: [UInt8], _ key: [UInt8]) -> [UInt8] {
    var bytes = Bytes<8>()
    bytes.set(block.span)
    bytes.withMutableBytes { BlockCipher.tdes.encrypt(&$0, key: key.span) }
    return (0..<8).map { bytes[$0] }
  }
}
