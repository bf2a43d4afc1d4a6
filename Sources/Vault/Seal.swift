// Records sealed as COSE_Encrypt0 (RFC 9052 section 5.2) under AES-256-GCM (RFC 9053 section 4.1).
// A record is sealed once; the same bytes are logged, sent and sent again.

import Octets

/// A sealed record. Its largest size leaves room in a link frame for header, Noise tag and CRC.
public typealias SealedRecord = Bytes<560>

/// The key that a controller and its registers share for records.
///
/// One key serves one counter of epochs: a controller that begins a new origin goes on counting
/// epochs or gets a new key, for a nonce must never serve twice.
public struct RecordKey: ~Copyable {
  private var key = Bytes<32>()
  private var identifier = Bytes<8>()

  /// `key` is 32 secret bytes; `identifier` 8 public ones that tell keys apart (the COSE `kid`).
  public init(_ key: Span<UInt8>, identifier: Span<UInt8>) throws(SealError) {
    guard key.count == 32, identifier.count == 8 else { throw .keySize }
    do throws(Overflow) {
      try self.key.append(key)
      try self.identifier.append(identifier)
    } catch { throw .keySize }
  }

  /// Takes 32 secret bytes and names the key after them: the first 8 bytes of HMAC-SHA-256 under
  /// the key of the text `tillgate record key`.
  public init(_ key: Span<UInt8>) throws(SealError) {
    guard key.count == 32 else { throw .keySize }
    var name = Bytes<32>()
    withLiteral("tillgate record key") { hmac($0, key: key, into: &name) }
    name.truncate(to: 8)
    do throws(Overflow) {
      try self.key.append(key)
      try name.withBytes { (name) throws(Overflow) in try identifier.append(name) }
    } catch { throw .keySize }
  }

  public mutating func wipe() { key.wipe() }

  /// Copies the secret bytes, for a register that is paired; the caller wipes them.
  public borrowing func copy(into other: inout Bytes<32>) {
    other.removeAll()
    do throws(Overflow) {
      try key.withBytes { (key) throws(Overflow) in try other.append(key) }
    } catch { preconditionFailure("32 bytes fit") }
  }

  borrowing func withKey<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    precondition(key.room == 0, "a wiped key seals and opens nothing")
    return try key.withBytes(body)
  }

  borrowing func withIdentifier<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try identifier.withBytes(body)
  }
}

/// Why a sealed record was not opened.
public enum SealError: Error, Equatable {
  /// A key or identifier of another length.
  case keySize
  /// Not a COSE_Encrypt0 in the one form that is used here.
  case notCOSE(CBORError, offset: Int)
  /// Another algorithm or other headers.
  case unsupportedHeader
  /// Sealed under a key with another identifier.
  case unknownKey
  /// Not sealed under this key, or changed since.
  case forged
  /// The nonce is not the one of the record's epoch and index.
  case foreignNonce
  /// Genuine, but not a record this version understands.
  case record(RecordError)
}

extension Record {
  /// What sealing adds to a record of `maximumSize`.
  public static let sealingOverhead = 50
}

/// What can be sealed: the record of a card, and the one of a transaction's end.
public protocol Sealable: ~Copyable {
  /// Epoch and index are the nonce.
  var epoch: UInt32 { get }
  var index: UInt64 { get }

  /// Appends the record, at most 510 bytes, as deterministic CBOR.
  borrowing func encode<let capacity: Int>(into bytes: inout Bytes<capacity>) throws(RecordError)
  init(decoding bytes: Span<UInt8>) throws(RecordError)
}

extension Record: Sealable {}
extension ClosingRecord: Sealable {}

extension Sealable where Self: ~Copyable {
  /// Replaces the content of `sealed` by this record, sealed.
  public borrowing func seal(
    with key: borrowing RecordKey, into sealed: inout SealedRecord
  ) throws(RecordError) {
    var plaintext = Bytes<510>()
    try encode(into: &plaintext)
    do throws(Overflow) {
      try plaintext.withBytes { (bytes) throws(Overflow) in
        try COSE.seal(bytes, key: key, epoch: epoch, index: index, into: &sealed)
      }
    } catch { throw .tooLong }
  }

  /// Opens `sealed`, which must be one sealed record of this sort and nothing else: the other sort
  /// is refused with `.record(.unsupported(.outcome))`.
  public init(opening sealed: Span<UInt8>, with key: borrowing RecordKey) throws(SealError) {
    var nonce = Bytes<12>()
    var body = SealedRecord()
    try COSE.open(sealed, key: key, nonce: &nonce, into: &body)
    self = try Self.reading(body, nonce: nonce)
  }

  /// Reads what was sealed under `nonce`.
  fileprivate static func reading(
    _ body: borrowing SealedRecord, nonce: borrowing Bytes<12>
  ) throws(SealError) -> Self {
    let record: Self
    do throws(RecordError) {
      record = try body.withBytes { (bytes) throws(RecordError) in try Self(decoding: bytes) }
    } catch { throw .record(error) }
    guard COSE.isNonce(nonce, of: record.epoch, record.index) else { throw .foreignNonce }
    return record
  }
}

/// Opens a sealed record of either sort, checks it, and replaces the content of `record` by it as
/// CBOR.
public func openAnyRecord(
  _ sealed: Span<UInt8>, with key: borrowing RecordKey, into record: inout SealedRecord
) throws(SealError) {
  var nonce = Bytes<12>()
  record.removeAll()
  do throws(SealError) {
    try COSE.open(sealed, key: key, nonce: &nonce, into: &record)
    do throws(SealError) { _ = try Record.reading(record, nonce: nonce) } catch {
      guard error == .record(.unsupported(.outcome)) else { throw error }
      _ = try ClosingRecord.reading(record, nonce: nonce)
    }
  } catch {
    record.wipe()
    throw error
  }
}
