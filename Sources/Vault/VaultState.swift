// The stored form of a KeyKeeper.

import Octets

/// The vault's sealed state file, as read or to be written.
public typealias SealedState = Bytes<1141>

/// The content, sealed as `SealedFile.Kind.vaultState`, numbers most significant byte first:
///
///     offset  size  what
///          0     1  layout, 1
///          1     4  last boot epoch begun
///          5     1  1 when there is a token key, else 0
///          6    32  token key, or zeros
///         38     1  algorithm: 0 no keys, 1 TDES, 2 AES-128
///         39    12  initial key serial number, 10 or 12 bytes, then zeros
///         51     8  next transaction counter; 2^21 or 2^32 when all keys are used
///         59     5  check value of the initial key, 3 or 5 bytes, then zeros
///         64   512  future-key registers, 16 bytes each, unused ones zero
///        576     1  number of fingerprints, n
///        577   512  fingerprints of the initial keys ever loaded, 8 bytes each, then zeros
private enum Layout {
  static let version: UInt8 = 1
  static let serial = 39..<51
  static let counter = 51..<59
  static let checkValue = 59..<64
  static let slots = 64..<576
  static let history = 577..<1089
  static let size = 1089
}

extension KeyKeeper {
  /// Seals the whole state into `file`.
  func seal(into file: inout SealedState, key: borrowing DeviceKey, nonce: Span<UInt8>) {
    var content = Bytes<1089>()
    defer { content.wipe() }
    do throws(Overflow) {
      try encode(into: &content)
      try content.withBytes { (content) throws(Overflow) in
        try SealedFile.seal(content, .vaultState, key: key, nonce: nonce, into: &file)
      }
    } catch { preconditionFailure("the layout has one size, and the file room for it") }
  }

  private func encode(into content: inout Bytes<1089>) throws(Overflow) {
    try content.append(Layout.version)
    try content.append(bigEndian: epoch)
    try content.append(tokenKey.isEmpty ? 0 : 1)
    try tokenKey.withBytes { (bytes) throws(Overflow) in try content.append(bytes) }
    try content.pad(to: Layout.serial.lowerBound - 1)
    try content.append(registers.initial?.algorithm.rawValue ?? 0)
    try registers.initial?.withBytes { (bytes) throws(Overflow) in try content.append(bytes) }
    try content.pad(to: Layout.counter.lowerBound)
    try content.append(bigEndian: registers.counter)
    try checkValue?.withStored { (bytes) throws(Overflow) in try content.append(bytes) }
    try content.pad(to: Layout.slots.lowerBound)
    try registers.withSlots { (bytes) throws(Overflow) in try content.append(bytes) }
    try content.append(UInt8(history.count / Self.fingerprintSize))
    try history.withBytes { (bytes) throws(Overflow) in try content.append(bytes) }
    try content.pad(to: Layout.size)
  }

  /// Takes up the state that `file` holds; after an error the keeper is empty.
  public mutating func open(
    _ file: Span<UInt8>, key: borrowing DeviceKey
  ) throws(SealedFileError) {
    wipe()
    var content = Bytes<1089>()
    defer { content.wipe() }
    try SealedFile.open(file, .vaultState, key: key, into: &content)
    if !content.isEmpty, content[0] > Layout.version { throw .newerVersion(content[0]) }
    guard content.withBytes({ decode($0) }) else {
      wipe()
      throw .badContent
    }
  }

  /// False for a content that no keeper writes.
  private mutating func decode(_ content: Span<UInt8>) -> Bool {
    guard content.count == Layout.size, content[0] == Layout.version, content[5] <= 1,
      Int(content[576]) <= Self.historyLimit
    else { return false }
    epoch = content.number(1..<5)
    if content[5] == 1 { tokenKey.set(content.extracting(6..<38)) }
    let fingerprints = Int(content[576]) * Self.fingerprintSize
    history.set(content.extracting(Layout.history).extracting(0..<fingerprints))
    guard content[38] != 0 else { return true }
    guard let algorithm = KeyAlgorithm(rawValue: content[38]),
      let initial = KeySerialNumber(
        content.extracting(Layout.serial).extracting(0..<algorithm.serialSize),
        algorithm: algorithm)
    else { return false }
    checkValue = CheckValue(stored: content.extracting(Layout.checkValue), algorithm)
    return registers.restore(
      initial, counter: content.number(Layout.counter), slots: content.extracting(Layout.slots))
  }
}

extension Bytes {
  /// Appends zeros up to `offset`.
  fileprivate mutating func pad(to offset: Int) throws(Overflow) {
    while count < offset { try append(0) }
  }
}

extension Span where Element == UInt8 {
  fileprivate func number<I: FixedWidthInteger>(_ range: Range<Int>) -> I {
    var value: I = 0
    for index in range { value = value << 8 | I(truncatingIfNeeded: self[index]) }
    return value
  }
}
