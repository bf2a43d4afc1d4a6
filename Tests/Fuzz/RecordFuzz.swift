// Any bytes as record, sealed record and card data: no trap, and what is taken comes back from its
// own encoding. The first byte chooses.

import Octets
import Vault

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  guard size > 0 else { return 0 }
  let bytes = Array(UnsafeBufferPointer(start: data + 1, count: size - 1))
  switch data[0] % 4 {
  case 0: checkRecord(bytes)
  case 3: checkClosing(bytes)
  case 1: checkSealed(bytes)
  default: checkCardData(bytes)
  }
  return 0
}

private func reencoding(_ bytes: [UInt8]) -> [UInt8]? {
  guard let record = try? Record(decoding: bytes.span) else { return nil }
  var encoded = Bytes<510>()
  do { try record.encode(into: &encoded) } catch {
    preconditionFailure("a record was taken that cannot be sent: \(error)")
  }
  return (0..<encoded.count).map { encoded[$0] }
}

private func checkRecord(_ bytes: [UInt8]) {
  guard let encoded = reencoding(bytes) else { return }
  precondition(encoded.count <= bytes.count, "an encoding was taken that is not the shortest")
  precondition(reencoding(encoded) == encoded, "a record changed on its way")
  if encoded.count == bytes.count { precondition(encoded == bytes, "two encodings of a record") }
}

private func closingReencoding(_ bytes: [UInt8]) -> [UInt8]? {
  guard let record = try? ClosingRecord(decoding: bytes.span) else { return nil }
  var encoded = Bytes<267>()
  do { try record.encode(into: &encoded) } catch {
    preconditionFailure("a closing record was taken that cannot be sent: \(error)")
  }
  return (0..<encoded.count).map { encoded[$0] }
}

private func checkClosing(_ bytes: [UInt8]) {
  guard let encoded = closingReencoding(bytes) else { return }
  precondition((try? Record(decoding: bytes.span)) == nil, "a closing record passed for a card's")
  precondition(encoded.count <= bytes.count, "an encoding was taken that is not the shortest")
  precondition(closingReencoding(encoded) == encoded, "a closing record changed on its way")
}

private func checkSealed(_ bytes: [UInt8]) {
  let secret = [UInt8](0..<32)
  let identifier = [UInt8](0..<8)
  guard let key = try? RecordKey(secret.span, identifier: identifier.span) else { return }
  precondition(
    (try? Record(opening: bytes.span, with: key)) == nil || isSealedByUs(bytes, key),
    "a forged record was opened")
}

private func isSealedByUs(_ bytes: [UInt8], _ key: borrowing RecordKey) -> Bool {
  guard let record = try? Record(opening: bytes.span, with: key) else { return false }
  var sealed = SealedRecord()
  do { try record.seal(with: key, into: &sealed) } catch { return false }
  return sealed.count <= bytes.count
}

private func checkCardData(_ bytes: [UInt8]) {
  guard let data = try? CardData(decoding: bytes.span) else { return }
  var encoded = Bytes<239>()
  do throws(CardDataError) {
    if !data.objects.isEmpty {
      try data.objects.withBytes { (objects) throws(CardDataError) in
        try CardData.encode(objects: objects, into: &encoded)
      }
    } else if !data.code.isEmpty {
      let isConsumer = data.isConsumerCode
      try data.code.withBytes { (code) throws(CardDataError) in
        try CardData.encode(code: code, isConsumer: isConsumer, into: &encoded)
      }
    } else {
      try encodeTracks(of: data, into: &encoded)
    }
  } catch { preconditionFailure("card data was taken that cannot be sent: \(error)") }
  precondition(encoded.count <= bytes.count, "card data grew")
}

private func encodeTracks(
  of data: borrowing CardData, into encoded: inout Bytes<239>
) throws(CardDataError) {
  try data.track1.withBytes { (track1) throws(CardDataError) in
    try data.track2.withBytes { (track2) throws(CardDataError) in
      try data.track3.withBytes { (track3) throws(CardDataError) in
        try CardData.encode(track1: track1, track2: track2, track3: track3, into: &encoded)
      }
    }
  }
}
