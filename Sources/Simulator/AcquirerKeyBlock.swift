// The key custodian of the test world: wraps initial keys the way a device gets them.

import Octets
import Vault

extension AcquirerHost {
  /// Replaces `text` by a TR-31 block with this host's initial key for `serial`, for `keys load`:
  /// version B for TDES (serial number in KS), D for AES (identifier in IK).
  ///
  /// - Parameter padding: random bytes that fill the last cipher block, 14 at least.
  public func keyBlock(
    _ serial: KeySerialNumber, protectionKey: Span<UInt8>, padding: Span<UInt8>,
    into text: inout Bytes<512>
  ) {
    var key = Bytes<16>()
    initialKey(serial, into: &key)
    var header = Bytes<512>()
    do throws(Overflow) {
      switch algorithm {
      case .tdes:
        try header.append("B0120B1TX00S0100KS18")
        try serial.withBytes { (ksn) throws(Overflow) in try Hex.encode(ksn, into: &header) }
      // 4 + 20 characters are three whole cipher blocks.
      case .aes128:
        try header.append("D0144B1AX00S0200IK14")
        try serial.withBytes { (ksn) throws(Overflow) in
          try Hex.encode(ksn.extracting(0..<8), into: &header)
        }
        try header.append("PB0C00000000")
      }
      try key.withBytes { (key) throws(Overflow) in
        try header.withBytes { (header) throws(Overflow) in
          try Self.wrap(key, header, protectionKey: protectionKey, padding: padding, into: &text)
        }
      }
    } catch { preconditionFailure("an initial key's block has 144 characters at most") }
  }

  /// Replaces `text` by the block of `header` (version B or D, optional blocks included, its length
  /// field corrected here) around `key`.
  public static func wrap(
    _ key: Span<UInt8>, _ header: Span<UInt8>, protectionKey: Span<UInt8>, padding: Span<UInt8>,
    into text: inout Bytes<512>
  ) throws(Overflow) {
    let version: KeyBlock.Version = header[0] == UInt8(ascii: "D") ? .d : .b
    let blockSize = version.cipher.blockSize
    var payload = Bytes<256>()
    try payload.append(bigEndian: UInt16(key.count * 8))
    try payload.append(key)
    let missing = (blockSize - payload.count % blockSize) % blockSize
    try payload.append(padding.extracting(0..<missing))

    text.removeAll()
    try text.append(header)
    let length = header.count + 2 * (payload.count + version.macSize)
    var rest = length
    for place in stride(from: 4, through: 1, by: -1) {
      text[place] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    }
    var mac = Bytes<16>()
    var message = Bytes<768>()
    try text.withBytes { (bytes) throws(Overflow) in try message.append(bytes) }
    try payload.withBytes { (bytes) throws(Overflow) in try message.append(bytes) }
    var derived = Bytes<32>()
    version.derive(from: protectionKey, .authentication, into: &derived)
    derived.withBytes { key in
      message.withBytes { version.cipher.authenticate($0, key: key, into: &mac) }
    }
    version.derive(from: protectionKey, .encryption, into: &derived)
    derived.withBytes { key in
      mac.withBytes { mac in
        payload.withMutableBytes { version.cipher.encrypt(&$0, key: key, iv: mac) }
      }
    }
    try payload.withBytes { (bytes) throws(Overflow) in try Hex.encode(bytes, into: &text) }
    try mac.withBytes { (bytes) throws(Overflow) in try Hex.encode(bytes, into: &text) }
  }
}
