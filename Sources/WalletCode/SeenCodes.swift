// Refuses a code that was taken within the last ten minutes: a photograph of a screen, a second
// look of the scanner, a customer who pays twice by mistake.

import CSodium
import Octets

/// Remembers codes by a keyed hash, under a key that lives as long as the program: nobody finds a
/// code in its memory. It is empty after a start; the wallet's operator refuses a used code anyway.
public struct SeenCodes: ~Copyable {
  /// How long a code is remembered.
  public static let memory = Interval.seconds(600)
  /// Codes that are remembered. A payment by code takes longer than 600 s / 512; should it not, new
  /// codes are refused rather than one forgotten too early.
  public static let capacity = 512

  public enum Verdict: Equatable, Sendable {
    case fresh
    case repeated
    /// So many codes were taken in ten minutes that no more can be remembered.
    case full
  }

  private struct Entry: BitwiseCopyable {
    var hash: UInt64
    var at: Instant
  }

  private var entries = InlineArray<512, Entry>(
    repeating: Entry(hash: 0, at: Instant(nanoseconds: 0)))
  /// The entries in use are the `count` from `first` on, in order of time, around the end.
  private var first = 0
  private var count = 0
  private var key = Bytes<32>()

  public init() {}

  public var hasKey: Bool { !key.isEmpty }

  /// Takes over 32 random bytes, before the first code, and wipes them.
  public mutating func setKey(_ key: inout Bytes<32>) {
    precondition(key.count == 32, "crypto_auth_hmacsha256_KEYBYTES")
    self.key.wipe()
    do {
      try key.withBytes { (bytes) throws(Overflow) in try self.key.append(bytes) }
    } catch { preconditionFailure("32 bytes fit in 32") }
    key.wipe()
  }

  /// Whether `code` may be taken now.
  public mutating func judge(_ code: Span<UInt8>, now: Instant) -> Verdict {
    precondition(hasKey, "the key is drawn before anything is scanned")
    forget(now: now)
    let hash = hash(code)
    for place in 0..<count where entries[(first + place) % Self.capacity].hash == hash {
      return .repeated
    }
    return count < Self.capacity ? .fresh : .full
  }

  /// Remembers a code that was taken. One that was judged `full` is not to be taken.
  public mutating func remember(_ code: Span<UInt8>, now: Instant) {
    forget(now: now)
    precondition(count < Self.capacity, "only a code that was judged fresh is taken")
    entries[(first + count) % Self.capacity] = Entry(hash: hash(code), at: now)
    count += 1
  }

  /// Forgets the codes and the key. To be called when the program ends.
  public mutating func wipe() {
    count = 0
    key.wipe()
  }

  private mutating func forget(now: Instant) {
    while count > 0, now - entries[first].at >= Self.memory {
      first = (first + 1) % Self.capacity
      count -= 1
    }
  }

  /// The first 64 bits of HMAC-SHA-256.
  private borrowing func hash(_ code: Span<UInt8>) -> UInt64 {
    var digest = InlineArray<32, UInt8>(repeating: 0)
    key.withBytes { key in
      var bytes = digest.mutableSpan
      bytes.withUnsafeMutableBufferPointer { digest in
        key.withUnsafeBufferPointer { key in
          code.withUnsafeBufferPointer { code in
            _ = crypto_auth_hmacsha256(
              digest.baseAddress, code.baseAddress, UInt64(code.count), key.baseAddress)
          }
        }
      }
    }
    var hash: UInt64 = 0
    for index in 0..<8 { hash = hash << 8 | UInt64(digest[index]) }
    return hash
  }
}
