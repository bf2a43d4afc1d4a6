// What was taken since the last close, and the request that asks for it or closes the period.

import Octets

/// Names one period: they are counted from 1 since each start of the controller.
public struct PeriodName: Equatable, Sendable, BitwiseCopyable {
  /// The start that it belongs to, as in `boot`.
  public var epoch: UInt64
  public var number: UInt64

  public init(epoch: UInt64, number: UInt64) {
    self.epoch = epoch
    self.number = number
  }
}

/// Nexo GetTotals, and ZVT's end of day.
public struct TotalsRequest: Equatable, Sendable, BitwiseCopyable {
  /// The period to close; nil only asks.
  public var closing: PeriodName?

  public init(closing: PeriodName? = nil) { self.closing = closing }
}

/// What went well one way: transactions of one kind, method and currency.
public struct TotalsRow: Equatable, Sendable, BitwiseCopyable {
  /// Nil for transactions without a card.
  public var method: Method?
  public var kind: TransactionKind
  public var currency: UInt16
  /// Whether the register reported the approval; otherwise it only said nothing of outcomes.
  public var isApproved: Bool
  public var count: UInt64 = 0
  /// In minor units, tips included. Stays at its largest value instead of wrapping.
  public var sum: UInt64 = 0

  public init(method: Method?, kind: TransactionKind, currency: UInt16, isApproved: Bool) {
    self.method = method
    self.kind = kind
    self.currency = currency
    self.isApproved = isApproved
  }

  fileprivate func isAlike(_ other: TotalsRow) -> Bool {
    method == other.method && kind == other.kind && currency == other.currency
      && isApproved == other.isApproved
  }
}

/// What was taken in one period.
public struct Totals: Equatable, Sendable {
  /// More than the kinds, methods and ends of one currency.
  public static let capacity = 32
  /// Where counts stay instead of growing on.
  public static let mostCounted = UInt64(UInt32.max)

  public var name: PeriodName
  public var isClosed = false
  /// On the controller's monotonic clock, in milliseconds: the beginning, and the end or now.
  public var since: UInt64
  public var until: UInt64
  private var rows = InlineArray<32, TotalsRow?>(repeating: nil)
  private var ends = InlineArray<8, UInt64>(repeating: 0)
  /// Requests that were refused.
  public private(set) var refused: UInt64 = 0
  /// Good ends for which there was no row left, or no room in the message.
  public private(set) var unlisted: UInt64 = 0

  public init(name: PeriodName, since: UInt64) {
    self.name = name
    self.since = since
    until = since
  }

  public subscript(row: Int) -> TotalsRow? {
    row >= 0 && row < Self.capacity ? rows[row] : nil
  }

  /// How many transactions ended this way.
  public func count(_ outcome: Outcome) -> UInt64 { ends[Int(outcome.rawValue) - 1] }

  public mutating func count(end outcome: Outcome) {
    Self.increment(&ends[Int(outcome.rawValue) - 1])
  }

  public mutating func countRefusal() { Self.increment(&refused) }

  private static func increment(_ count: inout UInt64) { count = min(count + 1, mostCounted) }

  /// Adds `amount` to the row that is like `row`.
  public mutating func add(_ amount: UInt64, to row: TotalsRow) {
    for index in 0..<Self.capacity {
      var entry = rows[index] ?? row
      guard entry.isAlike(row) else { continue }
      Self.increment(&entry.count)
      let (sum, isOver) = entry.sum.addingReportingOverflow(amount)
      entry.sum = isOver ? .max : sum
      rows[index] = entry
      return
    }
    Self.increment(&unlisted)
  }

  public static func == (left: Totals, right: Totals) -> Bool {
    for index in 0..<capacity where left.rows[index] != right.rows[index] { return false }
    for index in 0..<8 where left.ends[index] != right.ends[index] { return false }
    return left.name == right.name && left.isClosed == right.isClosed
      && left.since == right.since && left.until == right.until
      && left.refused == right.refused && left.unlisted == right.unlisted
  }
}

// MARK: CBOR

extension TotalsRequest {
  func encode<let capacity: Int>(into bytes: inout Bytes<capacity>) throws(Overflow) {
    try bytes.begin(.totalsRequest, closing == nil ? 0 : 1)
    if let closing { try bytes.field(1, closing.epoch, closing.number) }
  }

  init(_ reader: inout MessageReader) throws(MessageError) {
    self.init()
    while let key = try reader.next() {
      if key == 1 { closing = try PeriodName(&reader) } else { try reader.skip() }
    }
  }
}

extension MessageReader {
  fileprivate mutating func count() throws(MessageError) -> UInt64 {
    try unsigned(0...Totals.mostCounted)
  }
}

extension PeriodName {
  fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
    _ = try reader.array(2...2)
    self.init(epoch: try reader.unsigned(), number: try reader.unsigned())
  }
}

extension Totals {
  func encode<let capacity: Int>(into bytes: inout Bytes<capacity>) throws(Overflow) {
    try bytes.begin(.totals, 7)
    try bytes.field(1, name.epoch, name.number)
    try bytes.field(2, isClosed)
    try bytes.field(3, since, until)
    try bytes.appendCBOR(unsigned: 4)
    let count = rowsThatFit(behind: bytes.count)
    try bytes.appendCBOR(array: count)
    for index in 0..<count { try rows[index]?.encode(into: &bytes) }
    try bytes.appendCBOR(unsigned: 5)
    try bytes.appendCBOR(array: 8)
    for index in 0..<8 { try bytes.appendCBOR(unsigned: ends[index]) }
    try bytes.field(6, refused)
    var unlisted = unlisted
    for index in count..<Self.capacity { unlisted += rows[index]?.count ?? 0 }
    try bytes.field(7, min(unlisted, Self.mostCounted))
  }

  /// Thirty rows of millions fit; of astronomical sums, fewer.
  private func rowsThatFit(behind size: Int) -> Int {
    // The head of the rows, and what follows them with every count at its limit.
    var room = LinkLimits.message - size - 2 - (2 + 8 * 5) - 6 - 6
    var count = 0
    while count < Self.capacity, let row = rows[count], row.size <= room {
      room -= row.size
      count += 1
    }
    return count
  }

  init(_ reader: inout MessageReader) throws(MessageError) {
    self.init(name: PeriodName(epoch: 0, number: 0), since: 0)
    var seen = 0
    while let key = try reader.next() {
      switch key {
      case 1: name = try PeriodName(&reader)
      case 2: isClosed = try reader.bool()
      case 3:
        _ = try reader.array(2...2)
        since = try reader.unsigned()
        until = try reader.unsigned()
      case 4:
        for index in 0..<(try reader.array(0...Self.capacity)) {
          rows[index] = try TotalsRow(&reader)
        }
      case 5: for index in 0..<(try reader.array(8...8)) { ends[index] = try reader.count() }
      case 6: refused = try reader.count()
      case 7: unlisted = try reader.count()
      default:
        try reader.skip()
        continue
      }
      seen |= 1 << key
    }
    for key in 1...7 where seen >> key & 1 == 0 { throw .missing(key: key) }
  }
}

extension TotalsRow {
  /// Bytes that `encode` appends.
  fileprivate var size: Int {
    4 + Self.size(UInt64(currency)) + Self.size(count) + Self.size(sum)
  }

  private static func size(_ number: UInt64) -> Int {
    switch number {
    case 0..<24: 1
    case 0..<0x100: 2
    case 0..<0x1_0000: 3
    case 0..<0x1_0000_0000: 5
    default: 9
    }
  }

  fileprivate func encode<let capacity: Int>(
    into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    try bytes.appendCBOR(array: 6)
    try bytes.appendCBOR(unsigned: UInt64(method?.rawValue ?? 0))
    try bytes.appendCBOR(unsigned: UInt64(kind.rawValue))
    try bytes.appendCBOR(unsigned: UInt64(currency))
    try bytes.appendCBOR(bool: isApproved)
    try bytes.appendCBOR(unsigned: count)
    try bytes.appendCBOR(unsigned: sum)
  }

  fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
    _ = try reader.array(6...6)
    let method = UInt16(try reader.unsigned(0...4))
    if method != 0, Method(rawValue: method) == nil { throw .outOfRange(key: 4) }
    self.init(
      method: Method(rawValue: method), kind: try reader.known(TransactionKind.init),
      currency: UInt16(try reader.unsigned(0...999)), isApproved: try reader.bool())
    count = try reader.count()
    sum = try reader.unsigned()
  }
}
