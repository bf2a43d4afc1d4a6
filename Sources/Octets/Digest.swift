// SHA-256 digests and the hashes of RFC 6962 trees, which log and register compute alike.

import CSodium

/// A SHA-256 digest.
public struct Digest: Equatable, Sendable, BitwiseCopyable {
  public static let size = 32
  private var bytes = InlineArray<32, UInt8>(repeating: 0)

  fileprivate init() {}

  /// Nil unless `bytes` are 32.
  public init?(_ bytes: Span<UInt8>) {
    guard bytes.count == Self.size else { return nil }
    for index in 0..<Self.size { self.bytes[index] = bytes[index] }
  }

  /// The digest of `message`.
  public init(of message: Span<UInt8>) {
    var out = bytes.mutableSpan
    out.withUnsafeMutableBufferPointer { out in
      message.withUnsafeBufferPointer {
        _ = crypto_hash_sha256(out.baseAddress!, $0.baseAddress, UInt64($0.count))
      }
    }
  }

  public borrowing func withBytes<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try body(bytes.span)
  }

  public static func == (left: Digest, right: Digest) -> Bool {
    left.withBytes { mine in right.withBytes { mine.equals($0) } }
  }
}

extension Digest {
  /// The largest leaf that can be hashed.
  public static let leafLimit = 560

  /// The root of a tree without leaves (RFC 6962 section 2.1).
  public static var emptyTree: Digest { withLiteral("") { Digest(of: $0) } }

  /// The hash of a leaf, at most `leafLimit` bytes.
  public static func leaf(_ content: Span<UInt8>) -> Digest {
    var input = Bytes<561>()
    do throws(Overflow) {
      try input.append(0)
      try input.append(content)
    } catch { preconditionFailure("records are at most 560 bytes, which every reader checks") }
    return input.withBytes { Digest(of: $0) }
  }

  /// The hash of an inner node.
  public static func node(_ left: Digest, _ right: Digest) -> Digest {
    var input = Bytes<65>()
    do throws(Overflow) {
      try input.append(1)
      try left.withBytes { (bytes) throws(Overflow) in try input.append(bytes) }
      try right.withBytes { (bytes) throws(Overflow) in try input.append(bytes) }
    } catch { preconditionFailure("65 bytes") }
    return input.withBytes { Digest(of: $0) }
  }
}
