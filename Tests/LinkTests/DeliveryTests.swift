import Octets
import Testing

@testable import Link

@Suite("Delivery of records")
struct DeliveryTests {
  /// A frame time of 55 ms, as at 115200 baud.
  private final class Sut {
    private var delivery = Delivery(first: 10, frameTime: .milliseconds(55))
    var acknowledged: UInt64 { delivery.acknowledged }
    var repeats: UInt64 { delivery.repeats }

    func due(now: Instant, end: UInt64) -> UInt64? { delivery.due(now: now, end: end) }
    func note(sent index: UInt64, at time: Instant) { delivery.note(sent: index, at: time) }
    func restart() { delivery.restart() }
    func acknowledge(_ size: UInt64, now: Instant, end: UInt64) -> Bool {
      delivery.acknowledge(size, now: now, end: end)
    }
  }

  @Test("records go out in order, eight at a time")
  func window() {
    let delivery = Sut()
    for index in UInt64(10)..<18 {
      #expect(delivery.due(now: at(0), end: 100) == index)
      delivery.note(sent: index, at: at(0))
    }
    #expect(delivery.due(now: at(0), end: 100) == nil)
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
    #expect(delivery.acknowledged == 10)
    #expect(delivery.acknowledge(11, now: at(1), end: 11))
    #expect(delivery.due(now: at(10_000), end: 11) == nil)
  }

  @Test("a new session sends everything unacknowledged again")
  func restart() {
    let delivery = Sut()
    for index in UInt64(10)..<13 { delivery.note(sent: index, at: at(0)) }
    #expect(delivery.acknowledge(11, now: at(5), end: 13))
    delivery.restart()
    #expect(delivery.due(now: at(6), end: 13) == 11)
  }

  @Test("the outbox holds sixteen records by index")
  func outbox() throws {
    var outbox = Outbox(next: 5)
    var bounds: (first: UInt64, next: UInt64)
    for number in 0..<16 { try outbox.append([UInt8(number)].span) }
    let isFull = outbox.isFull
    #expect(isFull)
    var wasAdded = added([1], to: &outbox)
    #expect(!wasAdded)
    outbox.drop(below: 7)
    bounds = (outbox.first, outbox.next)
    #expect(bounds.first == 7)
    check(6, nil, outbox)
    check(7, 2, outbox)
    check(20, 15, outbox)
    check(21, nil, outbox)
    outbox.drop(below: 1000)
    bounds = (outbox.first, outbox.next)
    #expect(bounds.first == 21)
    wasAdded = added([UInt8](repeating: 0, count: 561), to: &outbox)
    #expect(!wasAdded)
    bounds = (outbox.first, outbox.next)
    #expect(bounds.next == 21)
  }

  private func added(_ record: [UInt8], to outbox: inout Outbox) -> Bool {
    do { try outbox.append(record.span) } catch { return false }
    return true
  }

  private func check(_ index: UInt64, _ first: UInt8?, _ outbox: borrowing Outbox) {
    let found = outbox.withRecord(index) { $0[0] }
    #expect(found == first, "record \(index)")
  }
}
