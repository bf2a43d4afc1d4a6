// The home of what must not be paged out or dumped: the big state of the threads and their rings.

import CLinux

/// No memory was to be had.
public struct NoMemory: Error, Equatable {
  public init() {}
}

/// One value between two guard pages, wiped when freed, left out of core files, and locked when the
/// kernel permits. Its address never changes, so threads may share it.
public struct LockedMemory<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
  public let pointer: UnsafeMutablePointer<Value>
  /// False when RLIMIT_MEMLOCK is used up: then a page may reach the swap.
  public let isLocked: Bool

  /// `initialise` gets zeroed memory and initialises it, in place: the value may be larger than a
  /// thread's stack. When it throws it leaves the memory uninitialised.
  public init(
    _ initialise: (UnsafeMutablePointer<Value>) throws(NoMemory) -> Void
  ) throws(NoMemory) {
    var locked: Int32 = 0
    guard let memory = tg_locked_allocate(MemoryLayout<Value>.size, &locked) else {
      throw NoMemory()
    }
    let place = memory.bindMemory(to: Value.self, capacity: 1)
    do throws(NoMemory) { try initialise(place) } catch {
      tg_locked_free(memory, MemoryLayout<Value>.size)
      throw error
    }
    pointer = place
    isLocked = locked != 0
  }

  // Inlinable, as every deinit here: Embedded Swift wants to see it from other modules.
  @inlinable deinit {
    pointer.deinitialize(count: 1)
    tg_locked_free(pointer, MemoryLayout<Value>.size)
  }
}
