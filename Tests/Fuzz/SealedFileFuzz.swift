// Fuzzes sealed files: what comes from a disk never opens unless it was sealed, and what was sealed
// opens to the same content.

import Octets
import Vault

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let bytes = Span(_unsafeElements: UnsafeBufferPointer(start: data, count: size))
  var key = DeviceKey()
  key.appendFilling { _ in SealedFile.keySize }
  var content = Bytes<2048>()
  for kind in [SealedFile.Kind.vaultState, .pairingKeys] {
    do throws(SealedFileError) {
      try SealedFile.open(bytes, kind, key: key, into: &content)
      preconditionFailure("a file opened that nobody sealed")
    } catch {
      let isEmpty = content.isEmpty
      precondition(isEmpty)
    }
  }
  roundTrip(bytes, key)
  state(bytes, key)
  return 0
}

private func roundTrip(_ bytes: Span<UInt8>, _ key: borrowing DeviceKey) {
  let nonce = [UInt8](repeating: 1, count: SealedFile.nonceSize)
  var file = Bytes<1024>()
  var content = Bytes<1024>()
  do throws(Overflow) {
    try SealedFile.seal(bytes, .pairingKeys, key: key, nonce: nonce.span, into: &file)
  } catch {
    precondition(bytes.count + SealedFile.overhead > 1024)
    return
  }
  do throws(SealedFileError) {
    try file.withBytes { (file) throws(SealedFileError) in
      try SealedFile.open(file, .pairingKeys, key: key, into: &content)
    }
  } catch { preconditionFailure("what was sealed does not open") }
  let isSame = content.withBytes { $0.equals(bytes) }
  precondition(isSame)
}

/// The input as a genuinely sealed vault state: taken up whole, or refused and empty.
private func state(_ bytes: Span<UInt8>, _ key: borrowing DeviceKey) {
  let nonce = [UInt8](repeating: 2, count: SealedFile.nonceSize)
  var padded = Bytes<1089>()
  for index in 0..<min(bytes.count, 1089) { try! padded.append(bytes[index]) }
  while padded.room > 0 { try! padded.append(0) }
  var file = SealedState()
  try! padded.withBytes { (content) throws(Overflow) in
    try SealedFile.seal(content, .vaultState, key: key, nonce: nonce.span, into: &file)
  }
  var keeper = KeyKeeper()
  do throws(SealedFileError) {
    try file.withBytes { (file) throws(SealedFileError) in try keeper.open(file, key: key) }
    var again = KeyKeeper()
    keeper.commit(key: key, nonce: nonce.span) { state in
      do throws(SealedFileError) { try again.open(state, key: key) } catch {
        preconditionFailure("our own state does not open")
      }
    }
    let isSame = again.status == keeper.status
    precondition(isSame)
    do throws(VaultError) { try keeper.prepareLease() } catch {
      precondition(error == .noKeys || error == .exhausted)
    }
  } catch {
    let isEmpty = keeper.status.serial == nil
    precondition(isEmpty)
  }
}
