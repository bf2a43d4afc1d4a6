import Octets
import Testing

@testable import Link

@Suite("Delivery of records")
struct DeliveryTests {
  /// A frame time of 55 ms, as at 115200 baud.
  private final class Sut {
    private var delivery = Delivery(first: 0, frameTime: .milliseconds(55))
    var acknowledged: UInt64 { delivery.acknowledged }
    var repeats: UInt64 { delivery.repeats }

    init() { delivery.resume(at: 10) }

    func due(now: Instant, end: UInt64) -> UInt64? { delivery.due(now: now, end: end) }
    func mayBeNext(_ index: UInt64) -> Bool { delivery.mayBeNext(index, end: index + 1) }
    func note(sent index: UInt64, at time: Instant) { delivery.note(sent: index, at: time) }
    func resume(at size: UInt64) { delivery.resume(at: size) }
    func suspend() { delivery.suspend() }
    func acknowledge(_ size: UInt64, early: UInt64? = nil, now: Instant, end: UInt64) -> Bool {
      delivery.acknowledge(size, early: early, now: now, end: end)
    }

    /// Sends what is due, one a millisecond from `time` on; the indexes.
    func sendAll(from time: Int64, end: UInt64) -> [UInt64] {
      var sent: [UInt64] = []
      while let index = due(now: at(time + Int64(sent.count)), end: end) {
        note(sent: index, at: at(time + Int64(sent.count)))
        sent.append(index)
      }
      return sent
    }
  }

  @Test("records go out in order, eight at a time")
  func window() {
    let delivery = Sut()
    #expect(delivery.sendAll(from: 0, end: 100) == Array(10..<18))
    #expect(delivery.acknowledge(12, now: at(20), end: 100))
    #expect(delivery.due(now: at(20), end: 100) == 18)
    #expect(delivery.due(now: at(20), end: 18) == nil)
  }

  @Test("a silent register is asked again with doubled time-outs of at most five seconds, for ever")
  func backoff() {
    let delivery = Sut()
    #expect(delivery.due(now: at(0), end: 11) == 10)
    delivery.note(sent: 10, at: at(0))
    var times: [Int64] = []
    for time in 1...60_000 where delivery.due(now: at(Int64(time)), end: 11) == 10 {
      delivery.note(sent: 10, at: at(Int64(time)))
      times.append(Int64(time))
    }
    #expect(times.prefix(5) == [500, 1500, 3500, 7500, 12500])
    #expect(zip(times.dropFirst(4), times.dropFirst(3)).allSatisfy { $0 - $1 <= 5000 })
    #expect(times.count == 14)
    #expect(delivery.repeats == 14)
  }

  @Test("the time-out follows the round trip, never below two frame times")
  func timeouts() {
    var quick = RoundTrip(frameTime: .milliseconds(55))
    for _ in 0..<50 { quick.measure(.milliseconds(3)) }
    #expect(quick.timeout == .milliseconds(110))
    var slow = RoundTrip(frameTime: .milliseconds(1))
    for _ in 0..<200 { slow.measure(.milliseconds(400)) }
    #expect(slow.timeout >= .milliseconds(400) && slow.timeout < .milliseconds(420))
    for _ in 0..<20 { slow.lost() }
    #expect(slow.timeout == .seconds(5))
  }

  @Test("an acknowledgement of what does not exist, or is old news, changes nothing")
  func nonsense() {
    let delivery = Sut()
    delivery.note(sent: 10, at: at(0))
    #expect(!delivery.acknowledge(9, now: at(1), end: 11))
    #expect(!delivery.acknowledge(12, now: at(1), end: 11))
    #expect(!delivery.acknowledge(10, now: at(1), end: 11))
    #expect(!delivery.acknowledge(10, early: .max, now: at(1), end: 11))
    #expect(delivery.acknowledged == 10)
    #expect(delivery.acknowledge(11, now: at(1), end: 11))
    #expect(delivery.due(now: at(10_000), end: 11) == nil)
  }

  @Test("only what was lost goes out again, as soon as something sent later has arrived")
  func selective() {
    let delivery = Sut()
    #expect(delivery.sendAll(from: 0, end: 100).count == 8)
    // 10 and 13 were lost; 11, 12 and 14 came early.
    #expect(!delivery.acknowledge(10, early: 0b1_0110, now: at(30), end: 100))
    #expect(delivery.sendAll(from: 30, end: 100) == [10, 13])
    // Both arrive: everything up to 17 is there but what is still under way.
    #expect(delivery.acknowledge(15, early: 0, now: at(60), end: 100))
    #expect(delivery.sendAll(from: 60, end: 100) == [15, 16, 17, 18, 19, 20, 21, 22])
    #expect(delivery.repeats == 5, "15 to 17 were sent before 13 was sent again")
  }

  @Test("a register that takes records in order only gets all again after what it lacks")
  func inOrderOnly() {
    let delivery = Sut()
    #expect(delivery.sendAll(from: 0, end: 100).count == 8)
    #expect(!delivery.acknowledge(10, now: at(100), end: 100))
    #expect(delivery.due(now: at(100), end: 100) == nil, "not before its answer could have come")
    #expect(!delivery.acknowledge(10, now: at(500), end: 100))
    #expect(delivery.sendAll(from: 500, end: 100) == Array(10..<18))
  }

  @Test("nothing is sent until it is known what the register has; then all that it lacks")
  func resuming() {
    let delivery = Sut()
    for index in UInt64(10)..<13 { delivery.note(sent: index, at: at(0)) }
    #expect(delivery.acknowledge(11, now: at(5), end: 13))
    delivery.suspend()
    #expect(delivery.due(now: at(6), end: 13) == nil)
    #expect(!delivery.mayBeNext(11))
    #expect(!delivery.acknowledge(12, now: at(6), end: 13))
    delivery.resume(at: 9)
    #expect(delivery.mayBeNext(9) && !delivery.mayBeNext(10))
    #expect(delivery.sendAll(from: 7, end: 13) == [9, 10, 11, 12])
  }
}

@Suite("The outbox")
struct OutboxTests {
  private func added(_ record: [UInt8], to outbox: inout Outbox) -> Bool {
    do { try outbox.append(record.span) } catch { return false }
    return true
  }

  private func first(_ index: UInt64, _ outbox: borrowing Outbox) -> UInt8? {
    outbox.withRecord(index) { $0[0] }
  }

  @Test("holds the sixteen youngest records, and takes none while the journal is behind by as many")
  func young() throws {
    var outbox = Outbox()
    for number in 0..<16 { try outbox.append([UInt8(number)].span) }
    var wasAdded = added([16], to: &outbox)
    #expect(!wasAdded && outbox.room == 0)
    outbox.note(durable: 2, acknowledged: 0, oldest: 0)
    wasAdded = added([16], to: &outbox)
    #expect(wasAdded && outbox.next == 17)
    #expect(first(0, outbox) == nil)
    #expect(first(1, outbox) == 1 && first(16, outbox) == 16)
    wasAdded = added([UInt8](repeating: 0, count: 561), to: &outbox)
    #expect(!wasAdded && outbox.next == 17)
  }

  @Test("asks for an older record once, and holds it when it comes")
  func fetched() throws {
    var tree = MerkleTree()
    for number in 0..<100 { tree.append(.leaf([UInt8(number)].span)) }
    var outbox = Outbox(tree: tree, start: MerkleTree(), oldest: 20, acknowledged: 20)
    try outbox.append([100].span)
    #expect(first(100, outbox) == 100 && first(99, outbox) == nil)
    var asked: [UInt64] = []
    while let index = outbox.nextMissing(in: 10..<36) { asked.append(index) }
    #expect(asked == Array(20..<36), "what is not kept is not asked for")
    outbox.provide(25, [25].span)
    outbox.provide(41, [41].span)
    #expect(first(25, outbox) == 25 && first(41, outbox) == nil)
    outbox.forgetMissing()
    #expect(outbox.nextMissing(in: 24..<36) == 24)
    #expect(outbox.nextMissing(in: 25..<36) == 26)
    #expect(outbox.nextMissing(in: 99..<101) == 99)
  }

  @Test("knows the roots of its last sixteen sizes")
  func roots() throws {
    var tree = MerkleTree()
    var roots = [tree.root]
    var outbox = Outbox()
    for number in 0..<40 {
      try outbox.append([UInt8(number)].span)
      outbox.note(durable: outbox.next, acknowledged: 0, oldest: 0)
      tree.append(.leaf([UInt8(number)].span))
      roots.append(tree.root)
    }
    for size in 0...41 {
      let wanted = (25...40).contains(size) ? roots[size] : nil
      #expect(outbox.root(at: UInt64(size)) == wanted, "\(size)")
    }
  }
}
