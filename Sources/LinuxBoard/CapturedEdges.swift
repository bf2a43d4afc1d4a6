// What the capture thread and the loop share: the ring of edges, and how the capture fares.

import Magstripe
import Octets
import Synchronization

/// Written by the capture thread, read by the loop and the supervisor.
public struct CapturedEdges: ~Copyable, @unchecked Sendable {
  public enum Source: UInt8, Sendable {
    /// Absent, being tried again.
    case away
    case open
    /// A recording that has been played to its end.
    case ended
  }

  /// 70 ms of three F2F tracks at 60 in/s (59,000 edges/s): far more than the loop may stall.
  public static let capacity = 4096

  private let ring: Ring<StripeEdge>
  private let stopping = Atomic<Bool>(false)
  private let source = Atomic<UInt8>(Source.away.rawValue)
  private let edgeCount = Atomic<UInt64>(0)
  private let gapCount = Atomic<UInt64>(0)
  private let badCount = Atomic<UInt64>(0)
  private let openCount = Atomic<UInt64>(0)
  private let lastFailure = Atomic<Int32>(0)
  private let complete = Atomic<UInt64>(0)

  public init() throws(NoMemory) { ring = try Ring(capacity: Self.capacity) }

  /// For the loop.
  public func next() -> StripeEdge? { ring.pop() }

  public var state: Source { Source(rawValue: source.load(ordering: .relaxed)) ?? .away }
  /// Until when every edge there was is in the ring; nil while the source is away. Never later than
  /// now, and earlier when the capture thread was held up.
  public var completeUntil: Instant? {
    state == .away ? nil : Instant(nanoseconds: complete.load(ordering: .acquiring))
  }

  func note(completeUntil instant: Instant) {
    complete.store(instant.nanoseconds, ordering: .releasing)
  }

  /// Edges handed to the loop.
  public var edges: UInt64 { edgeCount.load(ordering: .relaxed) }
  /// Gaps handed to the loop, for whatever cause.
  public var gaps: UInt64 { gapCount.load(ordering: .relaxed) }
  /// Edges lost because the loop did not take them in time.
  public var refused: UInt64 { ring.refused }
  /// Records of a stream that made no sense.
  public var badRecords: UInt64 { badCount.load(ordering: .relaxed) }
  /// How often the source was opened: 1 when it was never lost.
  public var opened: UInt64 { openCount.load(ordering: .relaxed) }
  /// The errno of the last failure to open or read the source.
  public var failure: Int32 { lastFailure.load(ordering: .relaxed) }

  /// Asks the capture thread to end; it does within 50 ms.
  public func stop() { stopping.store(true, ordering: .relaxed) }
  var isStopping: Bool { stopping.load(ordering: .relaxed) }

  func note(_ state: Source, failure: Int32 = 0) {
    source.store(state.rawValue, ordering: .relaxed)
    if state == .open { openCount.store(opened &+ 1, ordering: .relaxed) }
    if failure != 0 { lastFailure.store(failure, ordering: .relaxed) }
  }

  func note(badRecords count: UInt64) { badCount.store(count, ordering: .relaxed) }

  fileprivate func push(_ edge: StripeEdge) -> Bool {
    guard ring.push(edge) else { return false }
    if edge.signal == .gap {
      gapCount.store(gaps &+ 1, ordering: .relaxed)
    } else {
      edgeCount.store(edges &+ 1, ordering: .relaxed)
    }
    return true
  }
}

/// The capture thread's way into the ring. What finds it full leaves a gap before what comes next.
struct EdgeOutlet: ~Copyable {
  let shared: UnsafeMutablePointer<CapturedEdges>
  private var owesGap = false
  private var lastEdge = Instant(nanoseconds: 0)

  /// How long after an edge the capture keeps telling until when it is complete, so that the loop
  /// sees a swipe end: longer than any release time.
  static let alertness = Interval.milliseconds(150)
  /// How long to wait for more then.
  static let alertPatience = Interval.microseconds(500)
  /// How long to wait while no card moves.
  static let patience = Interval.milliseconds(50)

  init(_ shared: UnsafeMutablePointer<CapturedEdges>) { self.shared = shared }

  /// How long the capture may wait at `now` before it says again how far it is.
  func patience(at now: Instant) -> Interval {
    now - lastEdge < Self.alertness ? Self.alertPatience : Self.patience
  }

  mutating func emit(_ edge: StripeEdge) {
    lastEdge = edge.at
    if owesGap {
      guard shared.pointee.push(StripeEdge(at: edge.at, track: 0, signal: .gap)) else { return }
      owesGap = false
    }
    if !shared.pointee.push(edge) { owesGap = true }
  }

  mutating func emitGap(at now: Instant) {
    emit(StripeEdge(at: now, track: 0, signal: .gap))
  }
}
