import Octets
import Testing

@testable import LinuxBoard

private func after(_ microseconds: Int64) -> Instant {
  Instant(nanoseconds: 1_000_000_000) + .microseconds(microseconds)
}

@Suite("The loop's grid is never moved")
struct ClockTests {
  /// Wake-up times in microseconds from the first slot of a 1 ms grid; the slot that runs, how many
  /// it missed, and all lateness charged.
  @Test(
    "a missed slot is charged and not made up for",
    arguments: [
      ([0, 1_000, 2_000], [0, 1, 2], [0, 0, 0], [0, 0, 0]),
      ([70, 1_300, 2_010], [0, 1, 2], [0, 0, 0], [70, 300, 10]),
      ([0, 3_400, 4_000], [0, 3, 4], [0, 2, 0], [0, 2_400, 1_400, 400, 0]),
      ([1_000], [1], [1], [1_000, 0]),
      ([999, 1_999], [0, 1], [0, 0], [999, 999]),
    ] as [([Int64], [UInt64], [UInt64], [Int64])])
  func slots(wakes: [Int64], numbers: [UInt64], missed: [UInt64], charged: [Int64]) throws {
    var ticker = Ticker(period: .milliseconds(1), start: after(0))
    let lateness = try LatencyHistogram()
    for (index, wake) in wakes.enumerated() {
      let tick = ticker.advance(to: after(wake), recording: lateness)
      #expect(tick.number == numbers[index])
      #expect(tick.missed == missed[index])
      #expect(tick.due == after(Int64(numbers[index]) * 1_000))
      #expect(tick.now == after(wake))
    }
    #expect(lateness.count == UInt64(charged.count))
    #expect(lateness.maximum == .microseconds(charged.max()!))
  }

  @Test("waiting never ends before the slot")
  func waits() throws {
    var ticker = Ticker(period: .milliseconds(1), start: MonotonicClock.now() + .milliseconds(2))
    let lateness = try LatencyHistogram()
    for _ in 0..<20 {
      let tick = ticker.wait(recording: lateness)
      #expect(!(tick.now < tick.due))
      #expect(tick.now - tick.due < .milliseconds(1))
    }
    #expect(lateness.count >= 20)
  }
}

@Suite("A latency histogram keeps 1/16 of precision in fixed room")
struct LatencyHistogramTests {
  @Test("an empty one says zero")
  func empty() throws {
    let histogram = try LatencyHistogram()
    #expect(histogram.count == 0)
    #expect(histogram.percentile(permille: 500) == .milliseconds(0))
    #expect(histogram.maximum == .milliseconds(0))
  }

  @Test("buckets follow each other without a hole, each at most 1/16 wide")
  func buckets() {
    var start: UInt64 = 0
    for bucket in 0..<LatencyHistogram.bucketCount {
      let end = LatencyHistogram.end(of: bucket)
      #expect(LatencyHistogram.bucket(of: start) == bucket)
      #expect(LatencyHistogram.bucket(of: end) == bucket)
      #expect(end - start + 1 <= max(64, start / 16))
      start = end + 1
    }
    #expect(start - 1 == LatencyHistogram.longest)
  }

  @Test(
    "percentiles are at most 1/16 above the truth, the maximum is exact",
    arguments: [(500, 500), (990, 990), (999, 999), (1000, 1000), (1, 1)] as [(UInt64, Int64)])
  func percentiles(permille: UInt64, microseconds: Int64) throws {
    let histogram = try LatencyHistogram()
    for value in (1...1000).reversed() { histogram.record(.microseconds(Int64(value))) }
    let found = histogram.percentile(permille: permille).nanoseconds
    #expect(found >= microseconds * 1_000)
    #expect(found <= microseconds * 1_000 * 17 / 16 + 64)
    #expect(histogram.count == 1000)
    #expect(histogram.maximum == .microseconds(1000))
    histogram.reset()
    #expect(histogram.count == 0 && histogram.maximum == .milliseconds(0))
  }

  @Test("what is out of range is clamped", arguments: [-5, Int64.min, Int64.max])
  func extremes(nanoseconds: Int64) throws {
    let histogram = try LatencyHistogram()
    histogram.record(Interval(nanoseconds: nanoseconds))
    #expect(histogram.count == 1)
    #expect(histogram.maximum.nanoseconds == max(nanoseconds, 0))
    #expect(histogram.percentile(permille: 500) <= histogram.maximum)
  }
}

@Suite("What went away is tried again ever less often")
struct BackOffTests {
  @Test("pauses double from 100 ms to 2 s")
  func pauses() {
    var backOff = BackOff()
    var now = after(0)
    #expect(backOff.remaining(at: now) == .milliseconds(0))
    for pause in [100, 200, 400, 800, 1_600, 2_000, 2_000] as [Int64] {
      backOff.failed(at: now)
      #expect(backOff.remaining(at: now) == .milliseconds(pause))
      now = now + .milliseconds(pause - 1)
      #expect(backOff.remaining(at: now) == .milliseconds(1))
      now = now + .milliseconds(1)
      #expect(backOff.remaining(at: now) == .milliseconds(0))
    }
  }

  @Test("after a time of health it starts over, after a short life it does not")
  func lost() {
    var backOff = BackOff()
    backOff.failed(at: after(0))
    backOff.lost(at: after(10_000_000), after: after(9_500_000))
    #expect(backOff.remaining(at: after(10_000_000)) == .milliseconds(200))
    backOff.lost(at: after(20_000_000), after: after(11_000_000))
    #expect(backOff.remaining(at: after(20_000_000)) == .milliseconds(100))
  }
}
