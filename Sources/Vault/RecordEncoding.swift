// A record as deterministic CBOR: one map, keys ascending, absent fields left out.

import Octets

extension Record {
  /// Appends the record to `bytes`, which must have room for `maximumSize`.
  public borrowing func encode<let capacity: Int>(
    into bytes: inout Bytes<capacity>
  ) throws(RecordError) {
    try check()
    do throws(Overflow) {
      try bytes.appendCBOR(map: fieldCount)
      try encodeIdentity(into: &bytes)
      try encodePayment(into: &bytes)
      try encodeCard(into: &bytes)
      try encodeReading(into: &bytes)
    } catch { throw .tooLong }
  }

  private var fieldCount: Int {
    var count = 15
    if !maskedPAN.isEmpty { count += 1 }
    if scheme != nil { count += 1 }
    if !expiry.isEmpty { count += 1 }
    if !serviceCode.isEmpty { count += 1 }
    if !token.isEmpty { count += 1 }
    if swipe != nil { count += 1 }
    if !chipData.isEmpty { count += 1 }
    return count
  }

  private borrowing func encodeIdentity<let capacity: Int>(
    into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    try bytes.append(.version, unsigned: Self.version)
    try bytes.append(.origin, bytes: origin)
    try bytes.append(.index, unsigned: index)
    try bytes.append(.epoch, unsigned: UInt64(epoch))
  }

  private borrowing func encodePayment<let capacity: Int>(
    into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    try bytes.append(.reference, text: reference)
    try bytes.append(.kind, unsigned: UInt64(kind.rawValue))
    try bytes.append(.amount, amount)
    try bytes.append(.time, unixMilliseconds, isClockSet)
    try bytes.append(.uptime, unsigned: uptimeMilliseconds)
    try bytes.append(.entryMode, unsigned: UInt64(entryMode.rawValue))
    try bytes.append(.outcome, unsigned: UInt64(outcome.rawValue))
  }

  private borrowing func encodeCard<let capacity: Int>(
    into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    if !maskedPAN.isEmpty { try bytes.append(.maskedPAN, text: maskedPAN) }
    if let scheme {
      try bytes.append(.scheme)
      try bytes.appendCBOR(array: schemeOverlap == nil ? 2 : 3)
      try bytes.appendCBOR(unsigned: UInt64(scheme))
      try schemeRule.withBytes { (rule) throws(Overflow) in try bytes.appendCBOR(text: rule) }
      if let schemeOverlap { try bytes.appendCBOR(unsigned: UInt64(schemeOverlap)) }
    }
    if !expiry.isEmpty { try bytes.append(.expiry, text: expiry) }
    if !serviceCode.isEmpty { try bytes.append(.serviceCode, text: serviceCode) }
    if !token.isEmpty { try bytes.append(.token, bytes: token) }
    try bytes.append(.account, unsigned: UInt64(account.rawValue))
  }

  private borrowing func encodeReading<let capacity: Int>(
    into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    if let swipe {
      try bytes.append(.swipe)
      try bytes.appendCBOR(array: swipe.jitterPercent == nil ? 4 : 5)
      try bytes.appendCBOR(bool: swipe.isBackward)
      try bytes.appendCBOR(unsigned: UInt64(swipe.track1.rawValue))
      try bytes.appendCBOR(unsigned: UInt64(swipe.track2.rawValue))
      try bytes.appendCBOR(unsigned: UInt64(swipe.track3.rawValue))
      if let jitter = swipe.jitterPercent { try bytes.appendCBOR(unsigned: UInt64(jitter)) }
    }
    try bytes.append(.encrypted)
    try bytes.appendCBOR(map: 4)
    try bytes.append(.algorithm, unsigned: UInt64(algorithm.rawValue))
    try bytes.append(.keyUsage, unsigned: UInt64(keyUsage.rawValue))
    try bytes.append(.ksn, bytes: ksn)
    try bytes.append(.ciphertext, bytes: ciphertext)
    try bytes.append(.device, bytes: device)
    try bytes.append(.firmware, text: firmware)
    guard !chipData.isEmpty else { return }
    try bytes.append(.chip)
    try bytes.appendCBOR(array: 5)
    try application.withBytes { (name) throws(Overflow) in try bytes.appendCBOR(bytes: name) }
    try chipData.withBytes { (data) throws(Overflow) in try bytes.appendCBOR(bytes: data) }
    try bytes.appendCBOR(unsigned: UInt64(chip.formFactor))
    try bytes.appendCBOR(unsigned: UInt64(chip.verification))
    try bytes.appendCBOR(unsigned: UInt64(chip.leftOut))
  }
}

/// Keys of the map in `RecordField.encrypted`.
enum EncryptedField: UInt8 {
  case algorithm = 1
  case keyUsage = 2
  case ksn = 3
  case ciphertext = 4
}

extension Bytes {
  mutating func append(_ field: RecordField) throws(Overflow) {
    try appendCBOR(unsigned: UInt64(field.rawValue))
  }

  mutating func append(_ field: RecordField, _ amount: Record.Amount) throws(Overflow) {
    try append(field)
    try appendCBOR(array: 3)
    try appendCBOR(unsigned: amount.minorUnits)
    try appendCBOR(unsigned: UInt64(amount.currency))
    try appendCBOR(unsigned: UInt64(amount.exponent))
  }

  mutating func append(
    _ field: RecordField, _ unixMilliseconds: UInt64, _ isClockSet: Bool
  ) throws(Overflow) {
    try append(field)
    try appendCBOR(array: 2)
    try appendCBOR(unsigned: unixMilliseconds)
    try appendCBOR(bool: isClockSet)
  }

  mutating func append(
    _ field: RecordField, unsigned value: UInt64
  ) throws(Overflow) {
    try append(field)
    try appendCBOR(unsigned: value)
  }

  mutating func append<let size: Int>(
    _ field: RecordField, bytes: borrowing Bytes<size>
  ) throws(Overflow) {
    try append(field)
    try bytes.withBytes { (bytes) throws(Overflow) in try appendCBOR(bytes: bytes) }
  }

  mutating func append<let size: Int>(
    _ field: RecordField, text: borrowing Bytes<size>
  ) throws(Overflow) {
    try append(field)
    try text.withBytes { (text) throws(Overflow) in try appendCBOR(text: text) }
  }

  fileprivate mutating func append(
    _ field: EncryptedField, unsigned value: UInt64
  ) throws(Overflow) {
    try appendCBOR(unsigned: UInt64(field.rawValue))
    try appendCBOR(unsigned: value)
  }

  fileprivate mutating func append<let size: Int>(
    _ field: EncryptedField, bytes: borrowing Bytes<size>
  ) throws(Overflow) {
    try appendCBOR(unsigned: UInt64(field.rawValue))
    try bytes.withBytes { (bytes) throws(Overflow) in try appendCBOR(bytes: bytes) }
  }
}
