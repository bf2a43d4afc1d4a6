// Secrets at rest: one small file each, sealed under the board's device key. The vault's state is
// such a file, and so are pairing keys.

import CSodium
import Octets

/// A sealed file, all numbers most significant byte first:
///
///     offset  size  what
///          0     8  "TILLGATE"
///          8     1  format version, 1
///          9     1  kind of content
///         10     2  size of the content in bytes, n
///         12    24  nonce, random
///         36     n  content, XChaCha20 under the device key
///     36 + n    16  Poly1305 tag, also over bytes 0-11
public enum SealedFile {
  /// What is inside. Part of what the tag covers, so that one kind never passes for another.
  public enum Kind: UInt8, Sendable {
    case vaultState = 1
    case pairingKeys = 2
    case logKey = 3
  }

  public static let keySize = 32
  public static let nonceSize = 24
  /// Bytes that a sealed file is longer than its content.
  public static let overhead = headerSize + nonceSize + tagSize

  private static let magic: StaticString = "TILLGATE"
  private static let version: UInt8 = 1
  private static let headerSize = 12
  private static let tagSize = 16

  /// Replaces `file` by `content`, sealed. `nonce` is 24 random bytes, never used before.
  ///
  /// - Throws: `Overflow` when `file` is too small; it is then empty.
  public static func seal<let capacity: Int>(
    _ content: Span<UInt8>, _ kind: Kind, key: borrowing DeviceKey, nonce: Span<UInt8>,
    into file: inout Bytes<capacity>
  ) throws(Overflow) {
    file.wipe()
    precondition(key.count == keySize && nonce.count == nonceSize, "callers read 32 and draw 24")
    guard content.count <= 0xFFFF, content.count + overhead <= capacity else { throw Overflow() }
    try file.append(magic)
    try file.append(version)
    try file.append(kind.rawValue)
    try file.append(bigEndian: UInt16(content.count))
    var header = Bytes<12>()
    file.withBytes { header.set($0) }
    try file.append(nonce)
    file.appendFilling { free in
      key.withBytes { key in
        header.withBytes { encrypt(content, header: $0, nonce: nonce, key: key, into: &free) }
      }
      return content.count + tagSize
    }
  }

  private static func encrypt(
    _ content: Span<UInt8>, header: Span<UInt8>, nonce: Span<UInt8>, key: Span<UInt8>,
    into sealed: inout MutableSpan<UInt8>
  ) {
    sealed.withUnsafeMutableBufferPointer { sealed in
      content.withUnsafeBufferPointer { content in
        header.withUnsafeBufferPointer { header in
          nonce.withUnsafeBufferPointer { nonce in
            key.withUnsafeBufferPointer { key in
              _ = crypto_aead_xchacha20poly1305_ietf_encrypt(
                sealed.baseAddress, nil, content.baseAddress, UInt64(content.count),
                header.baseAddress, UInt64(header.count), nil, nonce.baseAddress, key.baseAddress)
            }
          }
        }
      }
    }
  }

  /// Replaces `content` by what `file` holds; after an error it is empty.
  public static func open<let capacity: Int>(
    _ file: Span<UInt8>, _ kind: Kind, key: borrowing DeviceKey, into content: inout Bytes<capacity>
  ) throws(SealedFileError) {
    content.wipe()
    precondition(key.count == keySize, "callers read 32 bytes")
    let size = try contentSize(file, kind)
    guard size <= capacity else { throw .tooLong }
    var isGenuine = false
    content.appendFilling { free in
      key.withBytes { isGenuine = decrypt(file, size, key: $0, into: &free) }
      return isGenuine ? size : 0
    }
    guard isGenuine else { throw .wrongKeyOrDamaged }
  }

  /// The size of the content that the header states, once the header is found to be in order.
  private static func contentSize(
    _ file: Span<UInt8>, _ kind: Kind
  ) throws(SealedFileError) -> Int {
    let magicSize = magic.utf8CodeUnitCount
    let known = min(file.count, magicSize)
    for index in 0..<known where file[index] != magic.utf8Start[index] { throw .foreign }
    guard file.count >= magicSize + 1 else { throw .truncated }
    guard file[magicSize] <= version else { throw .newerVersion(file[magicSize]) }
    guard file[magicSize] == version else { throw .foreign }
    guard file.count >= overhead else { throw .truncated }
    guard file[9] == kind.rawValue else { throw .otherKind(file[9]) }
    let size = Int(file[10]) << 8 | Int(file[11])
    guard file.count >= overhead + size else { throw .truncated }
    guard file.count == overhead + size else { throw .tooLong }
    return size
  }

  private static func decrypt(
    _ file: Span<UInt8>, _ size: Int, key: Span<UInt8>, into content: inout MutableSpan<UInt8>
  ) -> Bool {
    content.withUnsafeMutableBufferPointer { content in
      file.withUnsafeBufferPointer { file in
        key.withUnsafeBufferPointer { key in
          let start = file.baseAddress!
          return crypto_aead_xchacha20poly1305_ietf_decrypt(
            content.baseAddress, nil, nil, start + headerSize + nonceSize,
            UInt64(size + tagSize), start, UInt64(headerSize), start + headerSize,
            key.baseAddress) == 0
        }
      }
    }
  }
}

/// The key that this board's secrets are sealed under: 32 random bytes, made on the board, in a
/// place of its own (a systemd credential or a file that only the owner reads).
public typealias DeviceKey = Bytes<32>

/// Why a sealed file does not open.
public enum SealedFileError: Error, Equatable {
  /// Shorter than its header or than the header says.
  case truncated
  /// Not a sealed file of Tillgate.
  case foreign
  /// Written by a newer Tillgate.
  case newerVersion(UInt8)
  /// A sealed file, but of another kind.
  case otherKind(UInt8)
  /// Longer than its header says, or than this kind can be.
  case tooLong
  /// Sealed under another device key, or changed since.
  case wrongKeyOrDamaged
  /// Genuine, but not a content that this version writes.
  case badContent
}
