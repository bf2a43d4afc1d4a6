// Reads a record back. Strict about everything it knows; keys it does not know are passed over,
// because a register must still take the records of a controller that is newer than itself.

import Octets

extension Record {
  /// Decodes `bytes`, which must be one record and nothing else.
  public init(decoding bytes: Span<UInt8>) throws(RecordError) {
    self.init()
    var reader = RecordReader(bytes)
    var fields = try RecordFields(&reader)
    while let field = try fields.next(in: &reader) { try decode(field, from: &reader) }
    try fields.require(RecordField.required)
    try check()
  }

  private mutating func decode(
    _ field: RecordField, from reader: inout RecordReader
  ) throws(RecordError) {
    switch field {
    case .version, .origin, .index, .epoch:
      try decodeIdentity(field, from: &reader)
    case .reference, .kind, .amount, .time, .uptime, .entryMode, .outcome:
      try decodePayment(field, from: &reader)
    case .maskedPAN, .scheme, .expiry, .serviceCode, .token, .account:
      try decodeCard(field, from: &reader)
    case .swipe: swipe = try reader.swipe()
    case .encrypted: try decodeEncrypted(from: &reader)
    case .device: try reader.bytes(into: &device)
    case .firmware: try reader.text(into: &firmware)
    case .reason, .capture, .tip, .original, .table, .check, .part, .approval:
      try reader.skip()
    case .chip: try decodeChip(from: &reader)
    }
  }

  private mutating func decodeIdentity(
    _ field: RecordField, from reader: inout RecordReader
  ) throws(RecordError) {
    switch field {
    case .origin: try reader.bytes(into: &origin)
    case .index: index = try reader.unsigned()
    case .epoch: epoch = try reader.unsigned()
    default:
      let version: UInt64 = try reader.unsigned()
      guard version == Self.version else { throw .unsupportedVersion(version) }
    }
  }

  private mutating func decodePayment(
    _ field: RecordField, from reader: inout RecordReader
  ) throws(RecordError) {
    switch field {
    case .reference: try reader.text(into: &reference)
    case .kind: kind = try reader.known(Kind.init)
    case .amount: amount = try reader.amount()
    case .time: (unixMilliseconds, isClockSet) = try reader.time()
    case .uptime: uptimeMilliseconds = try reader.unsigned()
    case .entryMode: entryMode = EntryMode(rawValue: try reader.unsigned())
    default: outcome = try reader.known(Outcome.init)
    }
  }

  private mutating func decodeCard(
    _ field: RecordField, from reader: inout RecordReader
  ) throws(RecordError) {
    switch field {
    case .maskedPAN:
      try reader.text(into: &maskedPAN)
      guard !maskedPAN.isEmpty else { throw .invalid(.maskedPAN) }
    case .scheme:
      let count = try reader.array(atMost: 3)
      guard count >= 2 else { throw .invalid(.scheme) }
      scheme = .some(try reader.unsigned())
      try reader.text(into: &schemeRule)
      if count == 3 { schemeOverlap = .some(try reader.unsigned()) }
    case .expiry:
      try reader.text(into: &expiry)
      guard !expiry.isEmpty else { throw .invalid(.expiry) }
    case .serviceCode:
      try reader.text(into: &serviceCode)
      guard !serviceCode.isEmpty else { throw .invalid(.serviceCode) }
    case .token:
      try reader.bytes(into: &token)
      guard !token.isEmpty else { throw .invalid(.token) }
    default: account = try reader.known(AccountKind.init)
    }
  }

  private mutating func decodeChip(from reader: inout RecordReader) throws(RecordError) {
    guard try reader.array(atMost: 5) == 5 else { throw .invalid(.chip) }
    try reader.bytes(into: &application)
    try reader.bytes(into: &chipData)
    guard !chipData.isEmpty else { throw .invalid(.chip) }
    chip.formFactor = try reader.unsigned()
    chip.verification = try reader.unsigned()
    chip.leftOut = try reader.unsigned()
  }

  private mutating func decodeEncrypted(from reader: inout RecordReader) throws(RecordError) {
    var previous = -1
    var seen = 0
    for _ in 0..<(try reader.map()) {
      let key = try reader.key(after: &previous)
      guard let key = UInt8(exactly: key), let field = EncryptedField(rawValue: key) else {
        try reader.skip()
        continue
      }
      seen += 1
      switch field {
      case .algorithm: algorithm = try reader.known(Algorithm.init)
      case .keyUsage: keyUsage = try reader.known(KeyUsage.init)
      case .ksn: try reader.bytes(into: &ksn)
      case .ciphertext: try reader.bytes(into: &ciphertext)
      }
    }
    guard seen == 4 else { throw .invalid(.encrypted) }
  }
}
