// Which line plays which part at the head.

import Magstripe

/// The part of one line.
public struct LineRole: Sendable, Equatable, BitwiseCopyable {
  /// 1, 2 or 3; 0 for `cardPresent`.
  public var track: UInt8
  public var signal: StripeEdge.Signal

  public init(track: UInt8, signal: StripeEdge.Signal) {
    self.track = track
    self.signal = signal
  }
}

/// The roles of at most 16 lines, by their number.
public struct LineTable: Sendable, BitwiseCopyable {
  public static let capacity = 16
  private var roles = InlineArray<16, LineRole>(repeating: LineRole(track: 0, signal: .gap))
  public private(set) var count = 0

  public init() {}

  /// Gives the next number a role. At most `capacity` times, which the profile checks.
  public mutating func append(_ role: LineRole) {
    precondition(count < Self.capacity, "checked with the profile")
    roles[count] = role
    count += 1
  }

  public subscript(line: UInt8) -> LineRole? { line < count ? roles[Int(line)] : nil }
}
