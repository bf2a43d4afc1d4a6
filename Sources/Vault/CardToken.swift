// A card's pseudonym: the same card gives the same token on the same board, and nobody without the
// board's token key can find the card of a token or the token of a card.

import CSodium
import Octets

/// 16 bytes that stand for a PAN.
public struct CardToken: Equatable, Sendable {
  public static let size = 16
  private let bytes: InlineArray<16, UInt8>

  fileprivate init(_ bytes: InlineArray<16, UInt8>) { self.bytes = bytes }

  public func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R
  {
    try body(bytes.span)
  }

  public static func == (left: CardToken, right: CardToken) -> Bool {
    left.bytes.span.equals(right.bytes.span)
  }
}

/// The key of this board's card tokens; the loop holds a copy from `KeyKeeper.copyTokenKey`.
public struct TokenKey: ~Copyable {
  static let size = 32
  /// Empty until the first initial key is loaded.
  private var key = Bytes<32>()

  public init() {}

  public var isEmpty: Bool { key.isEmpty }

  mutating func set(_ bytes: Span<UInt8>) {
    precondition(bytes.count == Self.size, "HMAC-SHA-256 takes 32 bytes here")
    key.set(bytes)
  }

  public mutating func wipe() { key.wipe() }

  borrowing func withBytes<E: Error>(_ body: (Span<UInt8>) throws(E) -> Void) throws(E) {
    try key.withBytes(body)
  }

  /// HMAC-SHA-256 over the PAN's ASCII digits, cut to 16 bytes; nil while there is no token key.
  public func token(of pan: Span<UInt8>) -> CardToken? {
    guard !key.isEmpty else { return nil }
    var digest = Bytes<32>()
    key.withBytes { hmac(pan, key: $0, into: &digest) }
    var token = InlineArray<16, UInt8>(repeating: 0)
    for index in 0..<CardToken.size { token[index] = digest[index] }
    digest.wipe()
    return CardToken(token)
  }
}

/// HMAC-SHA-256 under a 32-byte key; replaces `digest`'s content.
func hmac(_ message: Span<UInt8>, key: Span<UInt8>, into digest: inout Bytes<32>) {
  precondition(key.count == 32, "crypto_auth_hmacsha256_KEYBYTES")
  digest.fill(32)
  digest.withMutableBytes { digest in
    digest.withUnsafeMutableBufferPointer { digest in
      message.withUnsafeBufferPointer { message in
        key.withUnsafeBufferPointer { key in
          _ = crypto_auth_hmacsha256(
            digest.baseAddress, message.baseAddress, UInt64(message.count), key.baseAddress)
        }
      }
    }
  }
}
