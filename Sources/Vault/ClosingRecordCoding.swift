// A closing record to and from deterministic CBOR, as strict as the record of a card.

import Octets

extension ClosingRecord {
  /// Appends the record to `bytes`, which must have room for `maximumSize`.
  public borrowing func encode<let capacity: Int>(
    into bytes: inout Bytes<capacity>
  ) throws(RecordError) {
    try validate()
    do throws(Overflow) {
      try bytes.appendCBOR(map: 13 + optionalCount)
      try encodeIdentity(into: &bytes)
      try encodeEnd(into: &bytes)
      try encodeDetails(into: &bytes)
    } catch { throw .tooLong }
  }

  private var optionalCount: Int {
    var count = capture == nil ? 0 : 1
    if tip != nil { count += 1 }
    if !original.isEmpty { count += 1 }
    if !table.isEmpty { count += 1 }
    if !check.isEmpty { count += 1 }
    if part != nil { count += 1 }
    return approval.isEmpty ? count : count + 1
  }

  private borrowing func encodeIdentity<let capacity: Int>(
    into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    try bytes.append(.version, unsigned: Record.version)
    try bytes.append(.origin, bytes: origin)
    try bytes.append(.index, unsigned: index)
    try bytes.append(.epoch, unsigned: UInt64(epoch))
    try bytes.append(.reference, text: reference)
  }

  private borrowing func encodeEnd<let capacity: Int>(
    into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    try bytes.append(.kind, unsigned: UInt64(kind.rawValue))
    try bytes.append(.amount, amount)
    try bytes.append(.time, unixMilliseconds, isClockSet)
    try bytes.append(.uptime, unsigned: uptimeMilliseconds)
    try bytes.append(.outcome, unsigned: UInt64(outcome.rawValue))
    try bytes.append(.device, bytes: device)
    try bytes.append(.firmware, text: firmware)
    try bytes.append(.reason, unsigned: UInt64(reason))
  }

  private borrowing func encodeDetails<let capacity: Int>(
    into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    if let capture { try bytes.append(.capture, unsigned: capture) }
    if let tip { try bytes.append(.tip, unsigned: tip) }
    if !original.isEmpty { try bytes.append(.original, text: original) }
    if !table.isEmpty { try bytes.append(.table, text: table) }
    if !check.isEmpty { try bytes.append(.check, text: check) }
    if let part {
      try bytes.append(.part)
      try bytes.appendCBOR(array: 2)
      try bytes.appendCBOR(unsigned: UInt64(part.number))
      try bytes.appendCBOR(unsigned: UInt64(part.count))
    }
    if !approval.isEmpty { try bytes.append(.approval, text: approval) }
  }

  /// Decodes `bytes`, which must be one closing record and nothing else.
  public init(decoding bytes: Span<UInt8>) throws(RecordError) {
    self.init()
    var reader = RecordReader(bytes)
    var fields = try RecordFields(&reader)
    while let field = try fields.next(in: &reader) { try decode(field, from: &reader) }
    try fields.require(Self.required)
    try validate()
  }

  /// Fields every closing record has, as a set of bits.
  private static var required: UInt64 {
    let fields: [13 of RecordField] = [
      .version, .origin, .index, .epoch, .reference, .kind, .amount, .time, .uptime, .outcome,
      .device, .firmware, .reason,
    ]
    var set: UInt64 = 0
    for index in fields.indices { set |= fields[index].bit }
    return set
  }

  private mutating func decode(
    _ field: RecordField, from reader: inout RecordReader
  ) throws(RecordError) {
    switch field {
    case .version:
      let version: UInt64 = try reader.unsigned()
      guard version == Record.version else { throw .unsupportedVersion(version) }
    case .origin: try reader.bytes(into: &origin)
    case .index: index = try reader.unsigned()
    case .epoch: epoch = try reader.unsigned()
    case .reference: try reader.text(into: &reference)
    case .kind: kind = try reader.known(Record.Kind.init)
    case .amount: amount = try reader.amount()
    case .time: (unixMilliseconds, isClockSet) = try reader.time()
    case .uptime: uptimeMilliseconds = try reader.unsigned()
    case .outcome: outcome = try reader.known(Outcome.init)
    case .device: try reader.bytes(into: &device)
    case .firmware: try reader.text(into: &firmware)
    case .reason: reason = try reader.unsigned()
    case .capture: capture = .some(try reader.unsigned())
    case .tip: tip = .some(try reader.unsigned())
    case .original, .table, .check, .part, .approval: try decodeDetail(field, from: &reader)
    case .entryMode, .maskedPAN, .scheme, .expiry, .serviceCode, .token, .account, .swipe,
      .encrypted, .chip:
      try reader.skip()
    }
  }

  private mutating func decodeDetail(
    _ field: RecordField, from reader: inout RecordReader
  ) throws(RecordError) {
    switch field {
    case .original:
      try reader.text(into: &original)
      guard !original.isEmpty else { throw .invalid(field) }
    case .table:
      try reader.text(into: &table)
      guard !table.isEmpty else { throw .invalid(field) }
    case .check:
      try reader.text(into: &check)
      guard !check.isEmpty else { throw .invalid(field) }
    case .part:
      guard try reader.array(atMost: 2) == 2 else { throw .invalid(field) }
      part = .some(Part(try reader.unsigned(), of: try reader.unsigned()))
    default:
      try reader.text(into: &approval)
      guard !approval.isEmpty else { throw .invalid(field) }
    }
  }
}
