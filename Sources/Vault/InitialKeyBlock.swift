// Which key blocks make an initial key, and which are refused although their seal is good.

import Octets

extension InitialKey {
  /// Takes the DUKPT initial key out of a TR-31 key block. TDES: usage B1, the initial key serial
  /// number (10 bytes) in optional block KS. AES-128: usage B1, the initial key identifier (8
  /// bytes) in IK or KS, or the whole serial number (12 bytes) in KS.
  ///
  /// - Parameters:
  ///   - text: the block's characters, without a line end.
  ///   - protectionKey: the key-block protection key, 16, 24 or 32 bytes.
  /// - Throws: what is wrong and where; the key is then empty.
  public mutating func open(
    _ text: Span<UInt8>, protectionKey: Span<UInt8>
  ) throws(KeyBlockError) {
    wipe()
    let block = try KeyBlock(text)
    let algorithm = try Self.algorithm(of: block)
    let serial = try Self.serial(of: block, algorithm, text)
    var bytes = Bytes<32>()
    defer { bytes.wipe() }
    try block.unwrap(text, protectionKey: protectionKey, into: &bytes)
    guard bytes.count == KeyAlgorithm.keySize else {
      throw .init(.keyLength(bits: bytes.count * 8), at: block.headerSize)
    }
    let isSingle = bytes.withBytes {
      $0.extracting(0..<8).equalsInConstantTime($0.extracting(8..<16))
    }
    guard algorithm != .tdes || !isSingle else { throw .init(.equalHalves, at: block.headerSize) }
    bytes.withBytes { set($0, serial) }
  }

  private static func algorithm(of block: KeyBlock) throws(KeyBlockError) -> KeyAlgorithm {
    guard block.usage == 0x4231 else { throw .init(.notInitialKey, at: 5) }  // "B1"
    let algorithm: KeyAlgorithm
    switch block.algorithm {
    case UInt8(ascii: "T"): algorithm = .tdes
    case UInt8(ascii: "A"): algorithm = .aes128
    default: throw .init(.algorithm, at: 7)
    }
    guard block.mode == UInt8(ascii: "X") else { throw .init(.mode, at: 8) }
    switch block.exportability {
    case UInt8(ascii: "E"), UInt8(ascii: "N"), UInt8(ascii: "S"): break
    default: throw .init(.exportability, at: 11)
    }
    // X9.143 section 5.1: no key travels under a weaker one.
    guard algorithm == .tdes || block.version == .d else {
      throw .init(.protectionKeyTooWeak, at: 7)
    }
    return algorithm
  }

  private static func serial(
    of block: KeyBlock, _ algorithm: KeyAlgorithm, _ text: Span<UInt8>
  ) throws(KeyBlockError) -> KeySerialNumber {
    switch algorithm {
    case .tdes:
      guard let keySet = block.keySet else { throw .init(.noSerial, at: block.headerSize) }
      return try serial(text, keySet, .tdes)
    case .aes128:
      guard let range = block.initialKeyID ?? block.keySet else {
        throw .init(.noSerial, at: block.headerSize)
      }
      if let name = block.initialKeyID, name.count != 16 {
        throw .init(.serialLength, at: name.lowerBound)
      }
      let serial = try serial(text, range, .aes128)
      if block.initialKeyID != nil, let keySet = block.keySet {
        let other = try Self.serial(text, keySet, .aes128)
        guard serial == other else { throw .init(.serialsDiffer, at: keySet.lowerBound) }
      }
      return serial
    }
  }

  private static func serial(
    _ text: Span<UInt8>, _ range: Range<Int>, _ algorithm: KeyAlgorithm
  ) throws(KeyBlockError) -> KeySerialNumber {
    var bytes = Bytes<12>()
    do { try Hex.decode(text.extracting(range), into: &bytes) } catch {
      switch error {
      case .notHex(let offset):
        throw .init(.serialNotHexadecimal, at: range.lowerBound + offset)
      case .oddLength, .tooLong: throw .init(.serialLength, at: range.lowerBound)
      }
    }
    if algorithm == .aes128, bytes.count == 8 {
      // An identifier alone; the counter follows it.
      for _ in 0..<4 { bytes.appendZero() }
    }
    let serial = bytes.withBytes { KeySerialNumber($0, algorithm: algorithm) }
    guard let serial else { throw .init(.serialLength, at: range.lowerBound) }
    guard serial.counter == 0 else {
      throw .init(.serialCounter, at: range.upperBound - (algorithm.counterBits + 3) / 4)
    }
    return serial
  }
}

extension Bytes {
  fileprivate mutating func appendZero() {
    do { try append(0) } catch { preconditionFailure("8 of 12 bytes were used") }
  }
}
