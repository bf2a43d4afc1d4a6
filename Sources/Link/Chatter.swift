// Everything the controller says besides records, waiting for the line.

import Octets

/// Messages that wait for the line, oldest first.
struct Chatter: ~Copyable {
  static let capacity = 8
  private var ring = InlineArray<8, MessageBytes> { _ in MessageBytes() }
  private var head = 0
  private var count = 0

  var isEmpty: Bool { count == 0 }

  /// Throws when the ring is full.
  mutating func push(_ write: (inout MessageBytes) throws(Overflow) -> Void) throws(Overflow) {
    guard count < Self.capacity else { throw Overflow() }
    let place = (head + count) % Self.capacity
    ring[place].removeAll()
    try write(&ring[place])
    count += 1
  }

  borrowing func withFirst<R>(_ body: (Span<UInt8>) -> R) -> R { ring[head].withBytes(body) }

  mutating func dropFirst() {
    head = (head + 1) % Self.capacity
    count -= 1
  }
}
