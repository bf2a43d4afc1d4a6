// AES-256-GCM over bytes in place.

import CBearSSL
import Octets

enum GCM {
  static var tagSize: Int { 16 }
  static var nonceSize: Int { 12 }

  /// Encrypts `data` but its last 16 bytes in place and writes the tag over those.
  static func seal(
    _ data: inout MutableSpan<UInt8>, key: Span<UInt8>, nonce: Span<UInt8>, aad: Span<UInt8>
  ) {
    precondition(key.count == 32 && nonce.count == nonceSize && data.count >= tagSize)
    let size = data.count - tagSize
    data.withUnsafeMutableBufferPointer { data in
      withPointers(key, nonce, aad) { key, nonce, aad in
        tg_aes256_gcm_encrypt(
          key, nonce, aad.baseAddress, aad.count, data.baseAddress, size,
          data.baseAddress.map { $0 + size })
      }
    }
  }

  /// Decrypts `data` in place, all but the tag in its last 16 bytes. False when it was forged; then
  /// the data is wiped.
  static func open(
    _ data: inout MutableSpan<UInt8>, key: Span<UInt8>, nonce: Span<UInt8>, aad: Span<UInt8>
  ) -> Bool {
    precondition(key.count == 32 && nonce.count == nonceSize)
    guard data.count >= tagSize else { return false }
    let size = data.count - tagSize
    return data.withUnsafeMutableBufferPointer { data in
      withPointers(key, nonce, aad) { key, nonce, aad in
        tg_aes256_gcm_decrypt(
          key, nonce, aad.baseAddress, aad.count, data.baseAddress, size,
          data.baseAddress.map { $0 + size }) == 0
      }
    }
  }

  private static func withPointers<R>(
    _ key: Span<UInt8>, _ nonce: Span<UInt8>, _ aad: Span<UInt8>,
    _ body: (UnsafePointer<UInt8>?, UnsafePointer<UInt8>?, UnsafeBufferPointer<UInt8>) -> R
  ) -> R {
    key.withUnsafeBufferPointer { key in
      nonce.withUnsafeBufferPointer { nonce in
        aad.withUnsafeBufferPointer { aad in body(key.baseAddress, nonce.baseAddress, aad) }
      }
    }
  }
}
