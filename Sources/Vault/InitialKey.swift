// A DUKPT initial key on its way from a key block into the registers.

import Octets

/// An initial key with its serial number. Fill it with `open`, load it, wipe it.
public struct InitialKey: ~Copyable {
  private var key = Bytes<16>()
  /// nil while empty.
  public private(set) var serial: KeySerialNumber?

  public init() {}

  mutating func set(_ bytes: Span<UInt8>, _ serial: KeySerialNumber) {
    key.set(bytes)
    self.serial = serial
  }

  public mutating func wipe() {
    key.wipe()
    serial = nil
  }

  borrowing func withKey<R: ~Copyable>(_ body: (Span<UInt8>) -> R) -> R { key.withBytes(body) }

  /// The value by which people compare keys without seeing them; nil while empty.
  public var checkValue: CheckValue? {
    guard let serial else { return nil }
    return key.withBytes { CheckValue(of: $0, serial.algorithm) }
  }

  /// Replaces `digest` by 32 bytes that recognise this very key and serial number later.
  func fingerprint(into digest: inout Bytes<32>) {
    var message = Bytes<64>()
    defer { message.wipe() }
    guard let serial else { preconditionFailure("only a filled key is loaded") }
    do throws(Overflow) {
      try message.append(serial.algorithm.rawValue)
      try serial.at(0).withBytes { (bytes) throws(Overflow) in try message.append(bytes) }
      try key.withBytes { (bytes) throws(Overflow) in try message.append(bytes) }
    } catch { preconditionFailure("29 bytes at most") }
    withLiteral("tillgate initial-key fingerprint") { label in
      message.withBytes { hmac($0, key: label, into: &digest) }
    }
  }
}

/// A key check value (KCV): not secret, short, and the same for everybody who has the key.
public struct CheckValue: Equatable, Sendable {
  private let bytes: InlineArray<5, UInt8>
  /// 3 bytes for TDES (zeros encrypted), 5 for AES (CMAC of zeros), X9.24-1:2017 annex A.
  public let count: Int

  init(of key: Span<UInt8>, _ algorithm: KeyAlgorithm) {
    var block = Bytes<16>()
    switch algorithm {
    case .tdes:
      block.fill(8)
      block.withMutableBytes { BlockCipher.tdes.encrypt(&$0, key: key) }
    case .aes128:
      var zeros = Bytes<16>()
      zeros.fill(16)
      zeros.withBytes { BlockCipher.aes.authenticate($0, key: key, into: &block) }
    }
    self = block.withBytes { CheckValue(stored: $0, algorithm) }
    block.wipe()
  }

  /// From its first 5 bytes, or what the vault stored.
  init(stored: Span<UInt8>, _ algorithm: KeyAlgorithm) {
    count = algorithm == .tdes ? 3 : 5
    var bytes = InlineArray<5, UInt8>(repeating: 0)
    for index in 0..<count { bytes[index] = stored[index] }
    self.bytes = bytes
  }

  public func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R
  {
    try body(bytes.span.extracting(0..<count))
  }

  /// All five bytes, zero-filled, as the vault stores them.
  func withStored<E: Error>(_ body: (Span<UInt8>) throws(E) -> Void) throws(E) {
    try body(bytes.span)
  }

  public static func == (left: CheckValue, right: CheckValue) -> Bool {
    left.count == right.count && left.bytes.span.equals(right.bytes.span)
  }
}
