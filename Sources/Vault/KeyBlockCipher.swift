// Opens key blocks: checks the MAC over header and key, then gives the key.

import Octets

extension KeyBlock {
  /// Replaces `key` by the key inside `text`, whatever its usage, after checking the MAC under
  /// `protectionKey`. `self` is the header of this very text.
  package func unwrap<let capacity: Int>(
    _ text: Span<UInt8>, protectionKey: Span<UInt8>, into key: inout Bytes<capacity>
  ) throws(KeyBlockError) {
    key.wipe()
    guard version.takes(keySize: protectionKey.count) else {
      throw .init(.protectionKeySize(bytes: protectionKey.count), at: 0)
    }
    var payload = Bytes<256>()
    var mac = Bytes<16>()
    defer { payload.wipe() }
    try decodeHex(text, into: &payload, mac: &mac)
    switch version {
    case .b, .d: try openDerived(text, protectionKey, &payload, mac)
    case .a, .c: try openVariant(text, protectionKey, &payload, mac)
    }
    let bits = Int(payload[0]) << 8 | Int(payload[1])
    let size = bits / 8
    guard bits % 8 == 0, size > 0, size <= payload.count - 2, size <= capacity else {
      throw .init(.keyLength(bits: bits), at: headerSize)
    }
    payload.withBytes { key.set($0.extracting(2..<(2 + size))) }
  }

  /// Splits what follows the header into the encrypted key and the MAC.
  private func decodeHex(
    _ text: Span<UInt8>, into payload: inout Bytes<256>, mac: inout Bytes<16>
  ) throws(KeyBlockError) {
    let macStart = text.count - 2 * version.macSize
    let payloadSize = (macStart - headerSize) / 2
    guard macStart > headerSize, (macStart - headerSize) % 2 == 0,
      payloadSize % version.cipher.blockSize == 0
    else { throw .init(.keyNotWholeBlocks, at: headerSize) }
    for index in headerSize..<text.count where Hex.value(text[index]) == nil {
      throw .init(.notHexadecimal, at: index)
    }
    do throws(HexError) {
      try Hex.decode(text.extracting(headerSize..<macStart), into: &payload)
      try Hex.decode(text.extracting(macStart..<text.count), into: &mac)
    } catch { preconditionFailure("512 characters hold less, and all are digits") }
  }

  /// Versions B and D (X9.143 section 7.3): the MAC is also the initial vector, and covers the
  /// header and the key in clear.
  private func openDerived(
    _ text: Span<UInt8>, _ protectionKey: Span<UInt8>, _ payload: inout Bytes<256>,
    _ mac: borrowing Bytes<16>
  ) throws(KeyBlockError) {
    var derived = Bytes<32>()
    defer { derived.wipe() }
    version.derive(from: protectionKey, .encryption, into: &derived)
    derived.withBytes { key in
      mac.withBytes { mac in
        payload.withMutableBytes { version.cipher.decrypt(&$0, key: key, iv: mac) }
      }
    }
    version.derive(from: protectionKey, .authentication, into: &derived)
    var message = Bytes<768>()
    defer { message.wipe() }
    join(text, payload, into: &message)
    var expected = Bytes<16>()
    derived.withBytes { key in
      message.withBytes { version.cipher.authenticate($0, key: key, into: &expected) }
    }
    try check(mac, expected, text)
  }

  /// Versions A and C (X9.143 annex D): both keys are the protection key with every byte changed,
  /// the MAC is a CBC-MAC over the header and the encrypted key, the header the initial vector.
  private func openVariant(
    _ text: Span<UInt8>, _ protectionKey: Span<UInt8>, _ payload: inout Bytes<256>,
    _ mac: borrowing Bytes<16>
  ) throws(KeyBlockError) {
    var variant = Bytes<32>()
    defer { variant.wipe() }
    var message = Bytes<768>()
    join(text, payload, into: &message)
    variant.set(protectionKey)
    for index in 0..<variant.count { variant[index] ^= UInt8(ascii: "M") }
    variant.withBytes { key in
      message.withMutableBytes { version.cipher.encrypt(&$0, key: key) }
    }
    message.removeFirst(message.count - version.cipher.blockSize)
    message.truncate(to: version.macSize)
    try check(mac, message, text)
    variant.set(protectionKey)
    for index in 0..<variant.count { variant[index] ^= UInt8(ascii: "E") }
    variant.withBytes { key in
      payload.withMutableBytes {
        version.cipher.decrypt(&$0, key: key, iv: text.extracting(0..<8))
      }
    }
  }

  private func join(
    _ text: Span<UInt8>, _ payload: borrowing Bytes<256>, into message: inout Bytes<768>
  ) {
    do throws(Overflow) {
      try message.append(text.extracting(0..<headerSize))
      try payload.withBytes { (bytes) throws(Overflow) in try message.append(bytes) }
    } catch { preconditionFailure("512 characters of text and 256 bytes at most") }
  }

  private func check<let capacity: Int>(
    _ mac: borrowing Bytes<16>, _ expected: borrowing Bytes<capacity>, _ text: Span<UInt8>
  ) throws(KeyBlockError) {
    let isRight = mac.withBytes { mac in expected.withBytes { mac.equalsInConstantTime($0) } }
    guard isRight else { throw .init(.macMismatch, at: text.count - 2 * version.macSize) }
  }
}

extension KeyBlock.Version {
  /// What a key is derived for from the protection key (X9.143 table 9).
  package enum DerivedUse: UInt8 {
    case encryption = 0
    case authentication = 1
  }

  /// Key derivation of versions B and D (X9.143 tables 9 and 10): CMAC over a counter, the use, the
  /// algorithm and the bits wanted, as often as the key needs. Replaces `derived`'s content.
  package func derive(
    from protectionKey: Span<UInt8>, _ use: DerivedUse, into derived: inout Bytes<32>
  ) {
    let size = protectionKey.count
    let algorithm: UInt8 =
      switch cipher {
      case .tdes: size == 16 ? 0 : 1
      case .aes: size == 16 ? 2 : size == 24 ? 3 : 4
      }
    var block = Bytes<16>()
    defer { block.wipe() }
    var input = Bytes<8>()
    derived.wipe()
    var counter: UInt8 = 0
    while derived.count < size {
      counter += 1
      input.fill(8)
      input[0] = counter
      input[2] = use.rawValue
      input[5] = algorithm
      input[6] = UInt8(truncatingIfNeeded: (size * 8) >> 8)
      input[7] = UInt8(truncatingIfNeeded: size * 8)
      input.withBytes { cipher.authenticate($0, key: protectionKey, into: &block) }
      let wanted = min(block.count, size - derived.count)
      block.truncate(to: wanted)
      block.withBytes { derived.join($0) }
    }
  }
}

extension Bytes {
  fileprivate mutating func join(_ bytes: Span<UInt8>) {
    do { try append(bytes) } catch { preconditionFailure("a protection key has at most 32 bytes") }
  }
}
