// What a register may see of a card number.

import Octets

/// How many digits of a PAN stay readable. PCI DSS 3.4.1 allows the first six and the last four; a
/// board can ask for fewer, never for more.
public struct MaskPolicy: Equatable, Sendable, BitwiseCopyable {
  public static let mostLeading = 6
  public static let mostTrailing = 4
  /// Digits that stay hidden even in short numbers: 15 digits still show six and four.
  public static let leastHidden = 5

  public let leading: Int
  public let trailing: Int

  /// Nil when more than six leading or four trailing digits would show, or fewer than none.
  public init?(leading: Int, trailing: Int) {
    guard leading >= 0, leading <= Self.mostLeading else { return nil }
    guard trailing >= 0, trailing <= Self.mostTrailing else { return nil }
    self.leading = leading
    self.trailing = trailing
  }

  private init() {
    leading = Self.mostLeading
    trailing = Self.mostTrailing
  }

  /// First six, last four.
  public static var widest: MaskPolicy { MaskPolicy() }

  /// Appends `pan` with every hidden digit as `*`. Below 15 digits leading digits are hidden first,
  /// then trailing ones, until five are hidden. What is no PAN is hidden altogether.
  public func mask<let capacity: Int>(
    _ pan: Span<UInt8>, into text: inout Bytes<capacity>
  ) throws(Overflow) {
    guard pan.count <= text.room else { throw Overflow() }
    let visible = PAN.isWellFormed(pan) ? max(0, pan.count - Self.leastHidden) : 0
    let last = min(trailing, visible)
    let first = min(leading, visible - last)
    for index in pan.indices {
      let isVisible = index < first || index >= pan.count - last
      try text.append(isVisible ? pan[index] : UInt8(ascii: "*"))
    }
  }
}
