import Glibc
import Octets
import Testing

@testable import LinuxBoard

@Suite("A ring hands elements from one thread to another")
struct RingTests {
  @Test("it keeps order, refuses when full, counts what it refused")
  func full() throws {
    let ring = try Ring<UInt64>(capacity: 4)
    #expect(ring.pop() == nil)
    for round in 0..<3 as Range<UInt64> {
      for value in 0..<4 as Range<UInt64> { #expect(ring.push(value + round) == true) }
      #expect(ring.push(99) == false)
      #expect(ring.count == 4)
      for value in 0..<4 as Range<UInt64> { #expect(ring.pop() == value + round) }
      #expect(ring.pop() == nil)
    }
    #expect(ring.refused == 3)
  }

  @Test("what was read is wiped: edges spell a card number")
  func wiped() throws {
    let ring = try Ring<UInt64>(capacity: 4)
    for value in 1...3 as ClosedRange<UInt64> { #expect(ring.push(value) == true) }
    #expect(ring.pop() == 1)
    let slots = (0..<4).map { ring.slots[$0] }
    #expect(slots == [0, 2, 3, 0])
  }

  static let total: UInt64 = 100_000

  @Test("two threads lose and reorder nothing")
  func threads() throws {
    let memory = try LockedMemory<Ring<UInt64>> { (place) throws(NoMemory) in
      place.initialize(to: try Ring(capacity: 64))
    }
    let shared = memory.pointer
    let writer = try LinuxBoard.Thread("ring-writer", .ordinary, context: shared) { context in
      let shared = context!.assumingMemoryBound(to: Ring<UInt64>.self)
      for value in 0..<RingTests.total {
        while !shared.pointee.push(value) { usleep(20) }
      }
    }
    var expected: UInt64 = 0
    while expected < Self.total {
      guard let value = shared.pointee.pop() else {
        usleep(20)
        continue
      }
      guard value == expected else { break }
      expected += 1
    }
    #expect(expected == Self.total)
    if expected == Self.total { writer.join() }
  }
}
