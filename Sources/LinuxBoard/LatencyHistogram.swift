// Where lateness and durations are counted without a heap and without waiting.

import CLinux
import Octets
import Synchronization

/// Counts intervals in buckets of at most 1/16 of their value, from 64 ns to 17 s. One thread
/// records; any thread may read meanwhile.
public struct LatencyHistogram: ~Copyable, @unchecked Sendable {
  /// 32 buckets of one unit (64 ns), then 16 per power of two up to 2^28 units.
  @usableFromInline static let bucketCount = 32 + 16 * 23
  static let unitBits: UInt64 = 6
  static let longest: UInt64 = (1 << (28 + unitBits)) - 1

  // Embedded Swift 6.3 crashes on an inline array of atomics, so they are outside.
  @usableFromInline let buckets: UnsafeMutablePointer<Atomic<UInt32>>
  private let total = Atomic<UInt64>(0)
  private let longestSeen = Atomic<UInt64>(0)
  @usableFromInline static let size = bucketCount * MemoryLayout<Atomic<UInt32>>.stride

  public init() throws(NoMemory) {
    var locked: Int32 = 0
    guard let memory = tg_locked_allocate(Self.size, &locked) else { throw NoMemory() }
    buckets = memory.bindMemory(to: Atomic<UInt32>.self, capacity: Self.bucketCount)
    for bucket in 0..<Self.bucketCount { (buckets + bucket).initialize(to: Atomic(0)) }
  }

  @inlinable deinit { tg_locked_free(buckets, Self.size) }

  public var count: UInt64 { total.load(ordering: .relaxed) }
  /// Exact.
  public var maximum: Interval { interval(longestSeen.load(ordering: .relaxed)) }

  /// Below 0 counts as 0.
  public func record(_ interval: Interval) {
    let value = UInt64(max(interval.nanoseconds, 0))
    let bucket = Self.bucket(of: min(value, Self.longest))
    let old = buckets[bucket].load(ordering: .relaxed)
    if old < UInt32.max { buckets[bucket].store(old + 1, ordering: .relaxed) }
    total.store(count &+ 1, ordering: .relaxed)
    if value > longestSeen.load(ordering: .relaxed) { longestSeen.store(value, ordering: .relaxed) }
  }

  /// The interval that `permille` thousandths of all do not exceed, at most 1/16 above the truth.
  /// 500 is the median, 990 is p99, 999 is p99.9. Zero while nothing was recorded.
  public func percentile(permille: UInt64) -> Interval {
    let rank = max((count &* min(permille, 1000) &+ 999) / 1000, 1)
    var seen: UInt64 = 0
    for bucket in 0..<Self.bucketCount {
      seen += UInt64(buckets[bucket].load(ordering: .relaxed))
      if seen >= rank { return min(interval(Self.end(of: bucket)), maximum) }
    }
    return maximum
  }

  /// Calls `body` with the largest value of each bucket, in their order, and what it has counted.
  public func forEachBucket(_ body: (Interval, UInt32) -> Void) {
    for bucket in 0..<Self.bucketCount {
      body(interval(Self.end(of: bucket)), buckets[bucket].load(ordering: .relaxed))
    }
  }

  /// Forgets everything. For the thread that records.
  public func reset() {
    for bucket in 0..<Self.bucketCount { buckets[bucket].store(0, ordering: .relaxed) }
    total.store(0, ordering: .relaxed)
    longestSeen.store(0, ordering: .relaxed)
  }

  private func interval(_ nanoseconds: UInt64) -> Interval {
    Interval(nanoseconds: Int64(truncatingIfNeeded: nanoseconds))
  }

  static func bucket(of nanoseconds: UInt64) -> Int {
    let units = nanoseconds >> unitBits
    guard units >= 32 else { return Int(units) }
    let octave = UInt64(63 - units.leadingZeroBitCount) - 4
    return Int(octave * 16 + units >> octave)
  }

  /// The largest value of a bucket.
  static func end(of bucket: Int) -> UInt64 {
    let place = UInt64(bucket)
    guard place >= 32 else { return (place + 1) << unitBits - 1 }
    let octave = place / 16 - 1
    return ((place - octave * 16 + 1) << octave) << unitBits - 1
  }
}
