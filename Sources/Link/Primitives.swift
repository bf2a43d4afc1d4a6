// libsodium's primitives over our buffers. Nothing here allocates or decides anything.

import CSodium
import Octets

/// 32 bytes: a key, a secret, a public key or a digest.
public typealias Key = Bytes<32>

/// Size of a Poly1305 tag.
let tagSize = 16

extension Bytes {
  /// Appends a key as a block of SHA-512, each byte of it crossed with `pad`.
  fileprivate mutating func append(
    block key: borrowing LongDigest, _ pad: UInt8
  ) throws(Overflow) {
    for index in 0..<128 { try append((index < key.count ? key[index] : 0) ^ pad) }
  }

  fileprivate mutating func fill(_ size: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Void) {
    removeAll()
    appendFilling { room in
      precondition(room.count >= size, "sizes of keys are our own")
      room.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
      return size
    }
  }
}

func sha256(_ message: Span<UInt8>, into digest: inout Key) {
  digest.fill(32) { out in
    _ = message.withUnsafeBufferPointer {
      crypto_hash_sha256(out, $0.baseAddress, UInt64($0.count))
    }
  }
}

/// 64 bytes: a digest of SHA-512 and what is derived from it.
typealias LongDigest = Bytes<64>

func sha512(_ message: Span<UInt8>, into digest: inout LongDigest) {
  digest.fill(64) { out in
    _ = message.withUnsafeBufferPointer {
      crypto_hash_sha512(out, $0.baseAddress, UInt64($0.count))
    }
  }
}

func hmac(_ key: borrowing Key, _ message: Span<UInt8>, into code: inout Key) {
  precondition(key.count == 32, "libsodium takes this size only")
  code.fill(32) { out in
    key.withBytes { key in
      key.withUnsafeBufferPointer { key in
        message.withUnsafeBufferPointer {
          _ = crypto_auth_hmacsha256(out, $0.baseAddress, UInt64($0.count), key.baseAddress)
        }
      }
    }
  }
}

/// HMAC-SHA-512 (RFC 2104) under a key of 64 bytes, of at most 128 bytes.
func hmacSHA512(
  _ key: borrowing LongDigest, _ message: Span<UInt8>, into code: inout LongDigest
) {
  var text = Bytes<256>()
  defer { text.wipe() }
  do throws(Overflow) {
    try text.append(block: key, 0x36)
    try text.append(message)
    text.withBytes { sha512($0, into: &code) }
    text.removeAll()
    try text.append(block: key, 0x5C)
    try code.withBytes { (inner) throws(Overflow) in try text.append(inner) }
  } catch { preconditionFailure("a block, and a digest or a message of ours") }
  text.withBytes { sha512($0, into: &code) }
}

/// X25519; false for a point of low order, whose shared secret anybody knows.
func x25519(_ scalar: borrowing Key, _ point: borrowing Key, into shared: inout Key) -> Bool {
  precondition(scalar.count == 32 && point.count == 32, "keys have one size")
  var isUsable = false
  shared.fill(32) { out in
    scalar.withBytes { scalar in
      scalar.withUnsafeBufferPointer { scalar in
        point.withBytes { point in
          point.withUnsafeBufferPointer {
            isUsable = crypto_scalarmult(out, scalar.baseAddress, $0.baseAddress) == 0
          }
        }
      }
    }
  }
  return isUsable
}

/// The ristretto255 element that a digest maps to.
func ristrettoElement(of digest: borrowing LongDigest, into element: inout Key) {
  precondition(digest.count == 64, "a digest of ours")
  element.fill(32) { out in
    digest.withBytes { digest in
      _ = digest.withUnsafeBufferPointer {
        crypto_core_ristretto255_from_hash(out, $0.baseAddress)
      }
    }
  }
}

/// A multiple of a ristretto255 element; false when `element` is none or the multiple is neutral.
func ristretto(
  _ scalar: borrowing Key, _ element: borrowing Key, into multiple: inout Key
) -> Bool {
  precondition(scalar.count == 32 && element.count == 32, "elements have one size")
  var isUsable = false
  multiple.fill(32) { out in
    scalar.withBytes { scalar in
      scalar.withUnsafeBufferPointer { scalar in
        element.withBytes { element in
          element.withUnsafeBufferPointer {
            isUsable =
              crypto_scalarmult_ristretto255(out, scalar.baseAddress, $0.baseAddress) == 0
          }
        }
      }
    }
  }
  return isUsable
}

func x25519Public(_ scalar: borrowing Key, into point: inout Key) {
  precondition(scalar.count == 32, "keys have one size")
  point.fill(32) { out in
    scalar.withBytes { scalar in
      _ = scalar.withUnsafeBufferPointer { crypto_scalarmult_base(out, $0.baseAddress) }
    }
  }
}

/// Four zero bytes and the counter, least significant byte first (Noise section 12.3).
private func nonce(_ counter: UInt64) -> InlineArray<12, UInt8> {
  var nonce = InlineArray<12, UInt8>(repeating: 0)
  for index in 0..<8 { nonce[4 + index] = UInt8(truncatingIfNeeded: counter >> (8 * index)) }
  return nonce
}

/// Appends `message` sealed with ChaCha20-Poly1305 (RFC 8439), 16 bytes longer.
func seal<let capacity: Int>(
  _ message: Span<UInt8>, key: borrowing Key, counter: UInt64, associated: Span<UInt8>,
  into sealed: inout Bytes<capacity>
) throws(Overflow) {
  guard message.count + tagSize <= sealed.room else { throw Overflow() }
  let nonce = nonce(counter)
  sealed.appendFilling { room in
    room.withUnsafeMutableBufferPointer { out in
      message.withUnsafeBufferPointer { message in
        associated.withUnsafeBufferPointer { associated in
          nonce.span.withUnsafeBufferPointer { nonce in
            key.withBytes { key in
              _ = key.withUnsafeBufferPointer {
                crypto_aead_chacha20poly1305_ietf_encrypt(
                  out.baseAddress, nil, message.baseAddress, UInt64(message.count),
                  associated.baseAddress, UInt64(associated.count), nil, nonce.baseAddress,
                  $0.baseAddress)
              }
            }
          }
        }
      }
    }
    return message.count + tagSize
  }
}

/// Puts the message of `sealed` into `message`; false, and an empty message, when the tag is wrong
/// or the message does not fit.
func open<let capacity: Int>(
  _ sealed: Span<UInt8>, key: borrowing Key, counter: UInt64, associated: Span<UInt8>,
  into message: inout Bytes<capacity>
) -> Bool {
  message.removeAll()
  let size = sealed.count - tagSize
  guard size >= 0, size <= message.room else { return false }
  let nonce = nonce(counter)
  var isGenuine = false
  message.appendFilling { room in
    room.withUnsafeMutableBufferPointer { out in
      sealed.withUnsafeBufferPointer { sealed in
        associated.withUnsafeBufferPointer { associated in
          nonce.span.withUnsafeBufferPointer { nonce in
            key.withBytes { key in
              key.withUnsafeBufferPointer {
                isGenuine =
                  crypto_aead_chacha20poly1305_ietf_decrypt(
                    out.baseAddress, nil, nil, sealed.baseAddress, UInt64(sealed.count),
                    associated.baseAddress, UInt64(associated.count), nonce.baseAddress,
                    $0.baseAddress) == 0
              }
            }
          }
        }
      }
    }
    return isGenuine ? size : 0
  }
  return isGenuine
}

extension Span where Element == UInt8 {
  /// Four bytes from `offset`, which must be there, most significant first.
  func bigEndian(at offset: Int) -> UInt32 {
    var value: UInt32 = 0
    for index in offset..<(offset + 4) { value = value << 8 | UInt32(self[index]) }
    return value
  }
}
