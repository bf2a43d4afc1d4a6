// How threads hand fixed-size elements to each other without waiting.

import CLinux
import Synchronization

/// A lock-free ring in locked memory from one writing thread to one reading thread. Elements are
/// wiped when read: edges spell the card number.
public struct Ring<Element: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
  @usableFromInline let slots: UnsafeMutablePointer<Element>
  public let capacity: Int
  /// Both only grow; the slot is their remainder.
  private let written = Atomic<UInt64>(0)
  private let read = Atomic<UInt64>(0)
  private let refusals = Atomic<UInt64>(0)

  /// `capacity` is a power of two.
  public init(capacity: Int) throws(NoMemory) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a constant of ours")
    var locked: Int32 = 0
    guard let memory = tg_locked_allocate(capacity * MemoryLayout<Element>.stride, &locked) else {
      throw NoMemory()
    }
    slots = memory.bindMemory(to: Element.self, capacity: capacity)
    self.capacity = capacity
  }

  @inlinable deinit { tg_locked_free(slots, capacity * MemoryLayout<Element>.stride) }

  /// Elements that found the ring full and were lost.
  public var refused: UInt64 { refusals.load(ordering: .relaxed) }

  /// For either thread; the other may be changing it.
  public var count: Int {
    let taken = read.load(ordering: .acquiring)
    return Int(truncatingIfNeeded: written.load(ordering: .acquiring) &- taken)
  }

  /// For either thread, as `count`.
  public var room: Int { capacity - count }

  /// For the writing thread. False when the ring is full: the element is counted as refused.
  public func push(_ element: Element) -> Bool {
    let place = written.load(ordering: .relaxed)
    guard place &- read.load(ordering: .acquiring) < UInt64(capacity) else {
      refusals.store(refused &+ 1, ordering: .relaxed)
      return false
    }
    slots[slot(place)] = element
    written.store(place &+ 1, ordering: .releasing)
    return true
  }

  /// For the reading thread.
  public func pop() -> Element? {
    let place = read.load(ordering: .relaxed)
    guard place != written.load(ordering: .acquiring) else { return nil }
    let element = slots[slot(place)]
    tg_wipe(slots + slot(place), MemoryLayout<Element>.stride)
    read.store(place &+ 1, ordering: .releasing)
    return element
  }

  private func slot(_ place: UInt64) -> Int {
    Int(truncatingIfNeeded: place & UInt64(truncatingIfNeeded: capacity - 1))
  }
}
