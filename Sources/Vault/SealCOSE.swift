// The COSE_Encrypt0 structure around a sealed record: always the same headers in the same order, so
// that a record has one sealed form.

import Octets

enum COSE {
  /// COSE_Encrypt0 (RFC 9052 section 2, table 1).
  private static var tag: UInt64 { 16 }
  /// Header parameters (RFC 9052 section 3.1) and the algorithm A256GCM (RFC 9053, table 5).
  private static var algorithm: UInt64 { 1 }
  private static var a256GCM: UInt64 { 3 }
  private static var keyIdentifier: UInt64 { 4 }
  private static var iv: UInt64 { 5 }

  /// Binds a record to its purpose and format.
  private static var context: StaticString { "tillgate-record-1" }

  /// Boot epoch (4 bytes) and index (8 bytes), most significant byte first. An epoch is durable
  /// before its first record and an index is used once in it: no nonce serves twice.
  static func nonce(epoch: UInt32, index: UInt64) -> Bytes<12> {
    filled { (nonce) throws(Overflow) in
      try nonce.append(bigEndian: epoch)
      try nonce.append(bigEndian: index)
    }
  }

  /// Whether `nonce` is that of this epoch and index.
  static func isNonce(_ nonce: borrowing Bytes<12>, of epoch: UInt32, _ index: UInt64) -> Bool {
    let own = Self.nonce(epoch: epoch, index: index)
    return own.withBytes { own in nonce.withBytes { own.equals($0) } }
  }

  /// Replaces the content of `sealed` by `plaintext`, sealed.
  static func seal(
    _ plaintext: Span<UInt8>, key: borrowing RecordKey, epoch: UInt32, index: UInt64,
    into sealed: inout SealedRecord
  ) throws(Overflow) {
    let nonce = nonce(epoch: epoch, index: index)
    sealed.removeAll()
    try appendHeaders(key: key, nonce: nonce, to: &sealed)
    try sealed.appendCBOR(bytesHeader: plaintext.count + GCM.tagSize)
    let start = sealed.count
    try sealed.append(plaintext)
    for _ in 0..<GCM.tagSize { try sealed.append(0) }
    withAAD { aad in
      sealed.withMutableBytes { bytes in
        var body = bytes._mutatingExtracting(start...)
        nonce.withBytes { nonce in
          key.withKey { key in GCM.seal(&body, key: key, nonce: nonce, aad: aad) }
        }
      }
    }
  }

  /// Puts the plaintext of `sealed` into `body`, and the nonce it says into `nonce`.
  static func open(
    _ sealed: Span<UInt8>, key: borrowing RecordKey, nonce: inout Bytes<12>,
    into body: inout SealedRecord
  ) throws(SealError) {
    try take(apart: sealed, key: key, nonce: &nonce, body: &body)
    let isGenuine = withAAD { aad in
      body.withMutableBytes { body in
        nonce.withBytes { nonce in
          key.withKey { key in GCM.open(&body, key: key, nonce: nonce, aad: aad) }
        }
      }
    }
    guard isGenuine else { throw .forged }
    body.truncate(to: body.count - GCM.tagSize)
  }

  /// The protected header `{1: 3}` as encoded CBOR.
  private static func protectedHeader() -> Bytes<3> {
    filled { (header) throws(Overflow) in
      try header.appendCBOR(map: 1)
      try header.appendCBOR(unsigned: algorithm)
      try header.appendCBOR(unsigned: a256GCM)
    }
  }

  /// Calls `body` with the Enc_structure (RFC 9052 section 5.3), what the tag covers besides the
  /// record.
  static func withAAD<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    let structure: Bytes<32> = filled { (structure) throws(Overflow) in
      try structure.appendCBOR(array: 3)
      try structure.appendCBOR(text: "Encrypt0")
      try protectedHeader().withBytes { (header) throws(Overflow) in
        try structure.appendCBOR(bytes: header)
      }
      try withLiteral(context) { (context) throws(Overflow) in
        try structure.appendCBOR(bytes: context)
      }
    }
    return try structure.withBytes(body)
  }

  private static func filled<let capacity: Int>(
    _ fill: (inout Bytes<capacity>) throws(Overflow) -> Void
  ) -> Bytes<capacity> {
    var bytes = Bytes<capacity>()
    do { try fill(&bytes) } catch { preconditionFailure("fixed content in a buffer of its size") }
    return bytes
  }

  /// Everything before the head of the ciphertext.
  static func appendHeaders<let capacity: Int>(
    key: borrowing RecordKey, nonce: borrowing Bytes<12>, to sealed: inout Bytes<capacity>
  ) throws(Overflow) {
    try sealed.appendCBOR(tag: tag)
    try sealed.appendCBOR(array: 3)
    try protectedHeader().withBytes { (header) throws(Overflow) in
      try sealed.appendCBOR(bytes: header)
    }
    try sealed.appendCBOR(map: 2)
    try sealed.appendCBOR(unsigned: keyIdentifier)
    try key.withIdentifier { (kid) throws(Overflow) in try sealed.appendCBOR(bytes: kid) }
    try sealed.appendCBOR(unsigned: iv)
    try nonce.withBytes { (nonce) throws(Overflow) in try sealed.appendCBOR(bytes: nonce) }
  }

  /// Copies nonce and ciphertext out of `sealed` after checking everything around them.
  private static func take<let capacity: Int>(
    apart sealed: Span<UInt8>, key: borrowing RecordKey, nonce: inout Bytes<12>,
    body: inout Bytes<capacity>
  ) throws(SealError) {
    var reader = CBORReader(sealed)
    do throws(CBORError) {
      guard try reader.tag() == tag, try reader.array(atMost: 3) == 3 else {
        throw .unexpectedType
      }
    } catch { throw .notCOSE(error, offset: reader.offset) }
    try takeHeaders(&reader, key: key, nonce: &nonce)
    do throws(CBORError) {
      let ciphertext = try reader.bytes(atMost: capacity)
      try reader.end()
      do { try body.append(ciphertext) } catch { throw .tooLarge }
    } catch { throw .notCOSE(error, offset: reader.offset) }
  }

  private static func takeHeaders(
    _ reader: inout CBORReader, key: borrowing RecordKey, nonce: inout Bytes<12>
  ) throws(SealError) {
    var isExpected = false
    var isOwnKey = false
    do throws(CBORError) {
      let header = try reader.bytes(atMost: 64)
      isExpected = protectedHeader().withBytes { $0.equals(header) }
      guard isExpected, try reader.map(atMost: 2) == 2 else { throw .unexpectedType }
      guard try reader.unsigned() == keyIdentifier else { throw .unexpectedType }
      let kid = try reader.bytes(atMost: 64)
      isOwnKey = key.withIdentifier { $0.equals(kid) }
      guard try reader.unsigned() == iv else { throw .unexpectedType }
      let bytes = try reader.bytes(atMost: 12)
      do { try nonce.append(bytes) } catch { throw .tooLarge }
    } catch {
      guard isExpected else { throw .unsupportedHeader }
      throw .notCOSE(error, offset: reader.offset)
    }
    guard nonce.room == 0 else { throw .unsupportedHeader }
    guard isOwnKey else { throw .unknownKey }
  }
}
