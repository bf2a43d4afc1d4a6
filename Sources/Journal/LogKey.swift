// The key that vouches for a board's log: Ed25519 (RFC 8032).

import CSodium
import Octets

/// The Ed25519 key of this board's log.
public struct LogKey: ~Copyable {
  public static let size = 32

  /// 32 random bytes; the private key.
  public var seed = Bytes<32>()

  public init() {}

  public mutating func wipe() { seed.wipe() }

  /// The public key: what a verifier knows, and what a journal is bound to.
  public borrowing func makePublic() -> Digest {
    var point = Bytes<32>()
    var secret = Bytes<64>()
    defer { secret.wipe() }
    withPair {
      point.set($0)
    } secret: {
      secret.set($0)
    }
    guard let key = point.withBytes({ Digest($0) }) else { preconditionFailure("32 bytes") }
    return key
  }

  /// Appends the signature of `message`, 64 bytes (RFC 8032).
  public borrowing func sign<let capacity: Int>(
    _ message: Span<UInt8>, into bytes: inout Bytes<capacity>
  ) {
    var secret = Bytes<64>()
    defer { secret.wipe() }
    withPair { _ in
    } secret: {
      secret.set($0)
    }
    bytes.appendFilling { room in
      precondition(room.count >= 64, "callers give room for a signature")
      room.withUnsafeMutableBufferPointer { out in
        message.withUnsafeBufferPointer { message in
          secret.withBytes { secret in
            _ = secret.withUnsafeBufferPointer {
              crypto_sign_detached(
                out.baseAddress!, nil, message.baseAddress, UInt64(message.count),
                $0.baseAddress!)
            }
          }
        }
      }
      return 64
    }
  }

  private borrowing func withPair(
    _ point: (Span<UInt8>) -> Void, secret: (Span<UInt8>) -> Void
  ) {
    var pointBytes = InlineArray<32, UInt8>(repeating: 0)
    var secretBytes = InlineArray<64, UInt8>(repeating: 0)
    var pointSpan = pointBytes.mutableSpan
    var secretSpan = secretBytes.mutableSpan
    pointSpan.withUnsafeMutableBufferPointer { point in
      secretSpan.withUnsafeMutableBufferPointer { secret in
        seed.withBytes { seed in
          _ = seed.withUnsafeBufferPointer {
            crypto_sign_seed_keypair(point.baseAddress!, secret.baseAddress!, $0.baseAddress!)
          }
        }
      }
    }
    point(pointBytes.span)
    secret(secretBytes.span)
    var wiped = secretBytes.mutableSpan
    wiped.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
  }
}
