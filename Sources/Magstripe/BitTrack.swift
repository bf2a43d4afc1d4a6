// The bits of one track, in the order of time. Both kinds of head and recorded bits end up here.

import CSodium
import Octets

/// At most `StripeLimit.edges` bits.
public struct BitTrack: ~Copyable {
  private var storage = InlineArray<384, UInt8>(repeating: 0)
  public private(set) var count = 0

  public init() {}

  /// The bit at `index`, which must be below `count`.
  public subscript(index: Int) -> Bool { withRow { $0[index] } }

  /// Calls `body` with all bits.
  borrowing func withRow<R: ~Copyable>(_ body: (borrowing BitRow) -> R) -> R {
    body(BitRow(packed: storage.span, count: count))
  }

  /// Adds a bit at the end; false if there is no room for it.
  @discardableResult
  public mutating func append(_ bit: Bool) -> Bool {
    guard count < StripeLimit.edges else { return false }
    let mask: UInt8 = 1 &<< UInt8(truncatingIfNeeded: count & 7)
    if bit { storage[count &>> 3] |= mask } else { storage[count &>> 3] &= ~mask }
    count += 1
    return true
  }

  /// Adds the first `bits` bits of `packed`, most significant first in each byte. `inverted`: a
  /// 1 there is a low level, as negative-true heads give it. False if they do not all fit.
  public mutating func append(packed: Span<UInt8>, bits: Int, inverted: Bool) -> Bool {
    guard bits >= 0, bits <= packed.count * 8 else { return false }
    for index in 0..<bits {
      let bit = packed[index &>> 3] &>> UInt8(truncatingIfNeeded: 7 - index & 7) & 1 == 1
      guard append(bit != inverted) else { return false }
    }
    return true
  }

  static func zeros(_ count: Int) -> BitTrack {
    var zeros = BitTrack()
    zeros.count = count
    return zeros
  }

  public mutating func removeAll() { count = 0 }

  public mutating func wipe() {
    count = 0
    var bytes = storage.mutableSpan
    bytes.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, $0.count) }
  }
}

/// Borrowed bits.
struct BitRow: ~Copyable, ~Escapable {
  private let packed: Span<UInt8>
  let count: Int

  @_lifetime(copy packed)
  init(packed: Span<UInt8>, count: Int) {
    self.packed = packed
    self.count = count
  }

  subscript(index: Int) -> Bool {
    precondition(index >= 0 && index < count, "our own index, checked by the caller")
    return packed[index &>> 3] &>> UInt8(truncatingIfNeeded: index & 7) & 1 == 1
  }
}
