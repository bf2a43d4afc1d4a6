import Octets
import Testing

@testable import Vault

@Suite("AES-256-GCM")
struct SealGCMTests {
  /// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, cases 13, 14 and 16:
  /// key, nonce, additional data, plaintext, ciphertext and tag.
  static let vectors = [
    (
      String(repeating: "00", count: 32), String(repeating: "00", count: 12), "", "",
      "530f8afbc74536b9a963b4f1c4cb738b"
    ),
    (
      String(repeating: "00", count: 32), String(repeating: "00", count: 12), "",
      String(repeating: "00", count: 16),
      "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    ),
    (
      "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
      "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        + "76fc6ece0f4e1768cddf8853bb2d551b"
    ),
  ]

  @Test("matches its authors' vectors both ways", arguments: vectors)
  func known(key: String, nonce: String, aad: String, plaintext: String, sealed: String) {
    let (key, nonce, aad) = (
      RecordSample.octets(key), RecordSample.octets(nonce), RecordSample.octets(aad)
    )
    var bytes = Bytes<128>()
    RecordSample.fill(&bytes, plaintext + String(repeating: "00", count: 16))
    bytes.withMutableBytes { GCM.seal(&$0, key: key.span, nonce: nonce.span, aad: aad.span) }
    #expect(RecordSample.content(bytes) == RecordSample.octets(sealed))
    let isOpen = bytes.withMutableBytes {
      GCM.open(&$0, key: key.span, nonce: nonce.span, aad: aad.span)
    }
    #expect(isOpen)
    #expect(
      RecordSample.content(bytes).dropLast(16).elementsEqual(RecordSample.octets(plaintext)))
  }

  @Test("wipes what was forged")
  func forged() {
    let (key, nonce, sealed) = (
      RecordSample.octets(Self.vectors[2].0), RecordSample.octets(Self.vectors[2].1),
      Self.vectors[2].4
    )
    var bytes = Bytes<128>()
    RecordSample.fill(&bytes, sealed)
    let isOpen = bytes.withMutableBytes {
      GCM.open(&$0, key: key.span, nonce: nonce.span, aad: nonce.span)
    }
    #expect(!isOpen)
    #expect(RecordSample.content(bytes).dropLast(16).allSatisfy { $0 == 0 })
    var short = Bytes<15>()
    short.appendFilling { $0.count }
    let isShortOpen = short.withMutableBytes {
      GCM.open(&$0, key: key.span, nonce: nonce.span, aad: nonce.span)
    }
    #expect(!isShortOpen)
  }
}

@Suite("A sealed record")
struct SealTests {
  private func refusal(of bytes: [UInt8], key: borrowing RecordKey) -> SealError? {
    do throws(SealError) {
      _ = try Record(opening: bytes.span, with: key)
      return nil
    } catch { return error }
  }

  private func seal(_ record: borrowing Record) throws -> [UInt8] {
    var sealed = SealedRecord()
    try record.seal(with: RecordSample.recordKey(), into: &sealed)
    return RecordSample.content(sealed)
  }

  @Test("is what the page shows, every time")
  func published() throws {
    let published = try RecordSample.published("sealed-record")
    #expect(try seal(RecordSample.example()) == published)
    #expect(try seal(RecordSample.example()) == published)
  }

  @Test("opens to the record that was sealed", arguments: [0, 1, 2])
  func roundTrip(which: Int) throws {
    let record: Record =
      switch which {
      case 0: RecordSample.example()
      case 1: RecordSample.largest()
      default: RecordSample.smallest()
      }
    let sealed = try seal(record)
    let opened = try Record(opening: sealed.span, with: RecordSample.recordKey())
    #expect(try RecordSample.encoded(opened) == RecordSample.encoded(record))
  }

  @Test("fits the link, however large the record")
  func largest() throws {
    let size = try seal(RecordSample.largest()).count
    #expect(size == 546 && Record.maximumSize + Record.sealingOverhead == 560)
  }

  @Test("does not open when any bit was changed")
  func everyBit() throws {
    let sealed = try seal(RecordSample.example())
    let key = RecordSample.recordKey()
    for bit in 0..<(sealed.count * 8) {
      var changed = sealed
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(refusal(of: changed, key: key) != nil, "bit \(bit)")
    }
    for length in sealed.indices {
      #expect(refusal(of: Array(sealed[..<length]), key: key) != nil, "\(length) bytes")
    }
  }

  @Test("says why it does not open")
  func reasons() throws {
    let sealed = try seal(RecordSample.example())
    let key = RecordSample.recordKey()
    #expect(refusal(of: [], key: key) == .notCOSE(.truncated, offset: 0))
    #expect(refusal(of: Array(sealed[1...]), key: key) == .notCOSE(.unexpectedType, offset: 0))
    #expect(
      refusal(of: sealed + [0], key: key) == .notCOSE(.trailingBytes, offset: sealed.count))
    var otherAlgorithm = sealed
    otherAlgorithm[5] = 1
    #expect(refusal(of: otherAlgorithm, key: key) == .unsupportedHeader)
    var otherKey = sealed
    otherKey[9] ^= 1
    #expect(refusal(of: otherKey, key: key) == .unknownKey)
    var changed = sealed
    changed[sealed.count - 1] ^= 1
    #expect(refusal(of: changed, key: key) == .forged)
    let foreign = [UInt8](repeating: 1, count: 32)
    let identifier = RecordSample.keyIdentifier
    let foreignKey = try RecordKey(foreign.span, identifier: identifier.span)
    #expect(refusal(of: sealed, key: foreignKey) == .forged)
  }

  @Test("has a nonce of its own for every epoch and index")
  func nonces() throws {
    var record = RecordSample.example()
    record.epoch = 0x0102_0304
    record.index = 0x0506_0708_090A_0B0C
    let sealed = try seal(record)
    #expect(Array(sealed[19..<31]) == RecordSample.octets("0102030405060708090a0b0c"))
  }

  @Test("is refused under the nonce of another record")
  func foreignNonce() throws {
    let plaintext = try RecordSample.encoded(RecordSample.example())
    let key = RecordSample.recordKey()
    let nonce = COSE.nonce(epoch: 7, index: 42)
    var sealed = SealedRecord()
    try COSE.appendHeaders(key: key, nonce: nonce, to: &sealed)
    try sealed.appendCBOR(bytesHeader: plaintext.count + 16)
    let start = sealed.count
    try sealed.append(plaintext.span)
    try sealed.append(bigEndian: UInt128(0))
    COSE.withAAD { aad in
      sealed.withMutableBytes { bytes in
        var body = bytes._mutatingExtracting(start...)
        nonce.withBytes { nonce in
          key.withKey { key in GCM.seal(&body, key: key, nonce: nonce, aad: aad) }
        }
      }
    }
    #expect(refusal(of: RecordSample.content(sealed), key: key) == .foreignNonce)
  }

  @Test("names a key as the page does")
  func ownName() throws {
    let (key, sealed) = (RecordSample.key, try RecordSample.published("sealed-record"))
    let named = try RecordKey(key.span)
    let record = try Record(opening: sealed.span, with: named)
    #expect(record.index == 41)
  }

  @Test("needs a key of 32 and an identifier of 8 bytes", arguments: [(31, 8), (33, 8), (32, 7)])
  func keySizes(key: Int, identifier: Int) {
    let (key, identifier) = (
      [UInt8](repeating: 1, count: key), [UInt8](repeating: 2, count: identifier)
    )
    #expect(throws: SealError.keySize) {
      _ = try RecordKey(key.span, identifier: identifier.span)
    }
  }

  @Test("is not made of a record that breaks the rules")
  func invalid() {
    var record = RecordSample.example()
    record.reference.removeAll()
    var sealed = SealedRecord()
    #expect(throws: RecordError.invalid(.reference)) {
      try record.seal(with: RecordSample.recordKey(), into: &sealed)
    }
    #expect(sealed.count == 0)
  }
}
