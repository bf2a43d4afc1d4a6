// TDES and AES in the modes that DUKPT and key blocks are made of: CBC and CMAC.

import CBearSSL
import Octets

/// A 64-bit (TDES) or 128-bit (AES) block cipher. Keys are 8, 16 or 24 bytes for TDES, where 8
/// means single DES, and 16, 24 or 32 for AES.
package enum BlockCipher: Sendable {
  case tdes
  case aes

  package var blockSize: Int {
    switch self {
    case .tdes: 8
    case .aes: 16
    }
  }

  private func takes(keySize: Int) -> Bool {
    switch self {
    case .tdes: keySize == 8 || keySize == 16 || keySize == 24
    case .aes: keySize == 16 || keySize == 24 || keySize == 32
    }
  }

  /// Encrypts whole blocks in place in CBC under a zero initial vector; one block is plain ECB.
  package func encrypt(_ data: inout MutableSpan<UInt8>, key: Span<UInt8>) {
    run(&data, key: key, iv: nil, tg_tdes_cbc_encrypt, tg_aes_cbc_encrypt)
  }

  package func encrypt(_ data: inout MutableSpan<UInt8>, key: Span<UInt8>, iv: Span<UInt8>) {
    precondition(iv.count == blockSize, "callers hand in one block")
    iv.withUnsafeBufferPointer {
      run(&data, key: key, iv: $0.baseAddress, tg_tdes_cbc_encrypt, tg_aes_cbc_encrypt)
    }
  }

  package func decrypt(_ data: inout MutableSpan<UInt8>, key: Span<UInt8>, iv: Span<UInt8>) {
    precondition(iv.count == blockSize, "callers hand in one block")
    iv.withUnsafeBufferPointer {
      run(&data, key: key, iv: $0.baseAddress, tg_tdes_cbc_decrypt, tg_aes_cbc_decrypt)
    }
  }

  private typealias CBC = (
    UnsafePointer<UInt8>?, Int, UnsafePointer<UInt8>?, UnsafeMutablePointer<UInt8>?, Int
  ) -> Void

  private func run(
    _ data: inout MutableSpan<UInt8>, key: Span<UInt8>, iv: UnsafePointer<UInt8>?, _ tdes: CBC,
    _ aes: CBC
  ) {
    precondition(takes(keySize: key.count), "callers check what comes from outside")
    precondition(data.count % blockSize == 0, "callers pad")
    data.withUnsafeMutableBufferPointer { data in
      key.withUnsafeBufferPointer { key in
        switch self {
        case .tdes: tdes(key.baseAddress, key.count, iv, data.baseAddress, data.count)
        case .aes: aes(key.baseAddress, key.count, iv, data.baseAddress, data.count)
        }
      }
    }
  }

  /// CMAC of `message` (NIST SP 800-38B section 6.2): one block, which replaces `mac`'s content.
  package func authenticate(_ message: Span<UInt8>, key: Span<UInt8>, into mac: inout Bytes<16>) {
    var subkey = Bytes<16>()
    defer { subkey.wipe() }
    subkey.fill(blockSize)
    subkey.withMutableBytes { encrypt(&$0, key: key) }
    double(&subkey)
    let lastStart = max(0, (message.count - 1) / blockSize * blockSize)
    let isWhole = message.count - lastStart == blockSize
    if !isWhole { double(&subkey) }

    mac.fill(blockSize)
    for index in 0..<lastStart {
      mac[index % blockSize] ^= message[index]
      if (index + 1) % blockSize == 0 { mac.withMutableBytes { encrypt(&$0, key: key) } }
    }
    for index in lastStart..<message.count { mac[index - lastStart] ^= message[index] }
    if !isWhole { mac[message.count - lastStart] ^= 0x80 }
    for index in 0..<blockSize { mac[index] ^= subkey[index] }
    mac.withMutableBytes { encrypt(&$0, key: key) }
  }

  /// Doubles `block` in GF(2^64) or GF(2^128) (SP 800-38B section 6.1), without a branch on it.
  private func double(_ block: inout Bytes<16>) {
    let polynomial: UInt8 = blockSize == 8 ? 0x1B : 0x87
    let carried = block[0] >> 7
    for index in 0..<blockSize {
      let next = index + 1 < blockSize ? block[index + 1] >> 7 : 0
      block[index] = block[index] << 1 | next
    }
    block[blockSize - 1] ^= carried &* polynomial
  }
}

extension Bytes {
  /// Replaces the content by `count` zeros.
  package mutating func fill(_ count: Int) {
    wipe()
    appendFilling { _ in count }
  }
}
