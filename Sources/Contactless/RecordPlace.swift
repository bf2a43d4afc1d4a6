// Which records of a card are to be read: its application file locator (AFL), entry by entry.

/// A record that the AFL names (EMV Book 3 section 10.2).
struct RecordPlace: Equatable {
  /// More than any card has.
  static let most = 32
  private(set) var file: UInt8
  private(set) var record: UInt8
  /// Index of the entry in the list, and how many records were read before.
  private var entry: Int
  private var count: Int

  /// The first record; nil when the list is empty.
  init?(locator: Span<UInt8>) throws(CardFault) {
    guard locator.count % 4 == 0 else { throw .contradiction(0x94) }
    self.init(file: 0, record: 0, entry: 0, count: 0)
    guard locator.count > 0 else { return nil }
    try enter(0, locator)
  }

  private init(file: UInt8, record: UInt8, entry: Int, count: Int) {
    self.file = file
    self.record = record
    self.entry = entry
    self.count = count
  }

  private mutating func enter(_ index: Int, _ locator: Span<UInt8>) throws(CardFault) {
    let (head, first, last) = (locator[4 * index], locator[4 * index + 1], locator[4 * index + 2])
    let signed = locator[4 * index + 3]
    file = head >> 3
    guard head & 7 == 0, file >= 1, file <= 30, first >= 1, last >= first,
      Int(signed) <= Int(last - first) + 1
    else { throw .contradiction(0x94) }
    entry = index
    record = first
  }

  func next(locator: Span<UInt8>) throws(CardFault) -> RecordPlace? {
    var next = self
    next.count += 1
    guard next.count < Self.most else { throw .tooMuchData }
    if record < locator[4 * entry + 2] {
      next.record += 1
    } else if 4 * (entry + 1) < locator.count {
      try next.enter(entry + 1, locator)
    } else {
      return nil
    }
    return next
  }

  /// P1 and P2 of READ RECORD.
  var parameters: UInt32 { UInt32(record) << 8 | UInt32(file) << 3 | 4 }
}
