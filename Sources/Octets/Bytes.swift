// A byte buffer of fixed capacity that lives where it is declared: the firmware has no heap.

import CSodium

/// At most `capacity` bytes, stored in place.
///
/// Not copyable, so that a buffer that holds card data or a key exists once and can be wiped.
/// Spans of the content are handed to closures instead of being returned: an optimised build
/// may return a span of a temporary copy (seen with Swift 6.3.1, Embedded, `-Osize`). What is read
/// all the time is inlinable: in the ordinary build other modules would copy all of it otherwise.
public struct Bytes<let capacity: Int>: ~Copyable {
  @usableFromInline var storage = InlineArray<capacity, UInt8>(repeating: 0)
  public private(set) var count = 0

  public init() {}

  @inlinable public var isEmpty: Bool { count == 0 }
  @inlinable public var room: Int { capacity - count }

  /// The byte at `index`, which must be below `count`.
  public subscript(index: Int) -> UInt8 {
    @inlinable get {
      precondition(index >= 0 && index < count, "our own index, checked by the caller")
      return storage[index]
    }
    set {
      precondition(index >= 0 && index < count, "our own index, checked by the caller")
      storage[index] = newValue
    }
  }

  public mutating func append(_ byte: UInt8) throws(Overflow) {
    guard count < capacity else { throw Overflow() }
    storage[count] = byte
    count += 1
  }

  public mutating func append(_ bytes: Span<UInt8>) throws(Overflow) {
    guard bytes.count <= room else { throw Overflow() }
    for index in bytes.indices { storage[count + index] = bytes[index] }
    count += bytes.count
  }

  public mutating func append(_ text: StaticString) throws(Overflow) {
    guard text.utf8CodeUnitCount <= room else { throw Overflow() }
    for index in 0..<text.utf8CodeUnitCount { storage[count + index] = text.utf8Start[index] }
    count += text.utf8CodeUnitCount
  }

  /// Appends `value` most significant byte first.
  public mutating func append<I: FixedWidthInteger>(bigEndian value: I) throws(Overflow) {
    let size = I.bitWidth / 8
    guard size <= room else { throw Overflow() }
    for index in 0..<size {
      let shift = 8 * (size - 1 - index)
      storage[count + index] = UInt8(truncatingIfNeeded: value >> I(truncatingIfNeeded: shift))
    }
    count += size
  }

  /// Wipes the content and replaces it by `bytes`, which our own callers made to fit.
  public mutating func set(_ bytes: Span<UInt8>) {
    wipe()
    do { try append(bytes) } catch { preconditionFailure("the caller's buffer is big enough") }
  }

  /// Forgets the content without wiping it. For card data and keys use `wipe`.
  public mutating func removeAll() { count = 0 }

  /// Drops the first `length` bytes and moves the rest to the front.
  public mutating func removeFirst(_ length: Int) {
    precondition(length >= 0 && length <= count, "only what is there can be dropped")
    for index in length..<count { storage[index - length] = storage[index] }
    count -= length
  }

  /// Drops everything from `length` on.
  public mutating func truncate(to length: Int) {
    precondition(length >= 0 && length <= count, "a buffer is only ever shortened")
    count = length
  }

  /// Overwrites all storage in a way the optimiser may not remove, and empties the buffer.
  public mutating func wipe() {
    count = 0
    let size = capacity
    var bytes = storage.mutableSpan
    bytes.withUnsafeMutableBytes { sodium_memzero($0.baseAddress, size) }
  }

  @inlinable public borrowing func withBytes<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try body(storage.span.extracting(0..<count))
  }

  /// Calls `body` with the content, whose bytes it may change but not their number.
  public mutating func withMutableBytes<R: ~Copyable, E: Error>(
    _ body: (inout MutableSpan<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    var bytes = storage.mutableSpan
    var content = bytes._mutatingExtracting(0..<count)
    return try body(&content)
  }

  /// Calls `body` with all free room; the number of bytes it returns is appended.
  public mutating func appendFilling<E: Error>(
    _ body: (inout MutableSpan<UInt8>) throws(E) -> Int
  ) throws(E) {
    let used = count
    var bytes = storage.mutableSpan
    var free = bytes._mutatingExtracting(used..<capacity)
    let added = try body(&free)
    precondition(added >= 0 && added <= capacity - used, "no more can be filled than was given")
    count = used + added
  }
}

/// Bytes that do not fit where they were to go.
public struct Overflow: Error, Equatable {
  public init() {}
}

extension Span where Element == UInt8 {
  /// Whether both hold the same bytes. Stops at the first difference: not for secrets.
  public func equals(_ other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    for index in indices where self[index] != other[index] { return false }
    return true
  }

  /// Whether both hold the same bytes, in a time that depends on their length only.
  public func equalsInConstantTime(_ other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    guard count > 0 else { return true }
    return withUnsafeBytes { mine in
      other.withUnsafeBytes { theirs in
        sodium_memcmp(mine.baseAddress!, theirs.baseAddress!, mine.count) == 0
      }
    }
  }
}

/// Runs `body` over the bytes of a literal.
public func withLiteral<R: ~Copyable, E: Error>(
  _ text: StaticString, _ body: (Span<UInt8>) throws(E) -> R
) throws(E) -> R {
  let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
  return try body(Span(_unsafeElements: bytes))
}
