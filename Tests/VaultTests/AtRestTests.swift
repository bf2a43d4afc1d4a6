// Sealed files: every kind of wrong file is told apart.

import Octets
import Testing

@testable import Vault

private let key = [UInt8](100..<132)
private let nonce = [UInt8](0..<24)

private func sealed(_ content: [UInt8], _ kind: SealedFile.Kind = .pairingKeys) -> [UInt8] {
  var file = Bytes<256>()
  try! SealedFile.seal(content.span, kind, key: DeviceKey(key), nonce: nonce.span, into: &file)
  return file.array
}

private func opened(
  _ file: [UInt8], _ kind: SealedFile.Kind = .pairingKeys, key: [UInt8] = key
) throws(SealedFileError) -> [UInt8] {
  var content = Bytes<64>()
  do throws(SealedFileError) {
    try SealedFile.open(file.span, kind, key: DeviceKey(key), into: &content)
  } catch {
    let isEmpty = content.isEmpty
    #expect(isEmpty)
    throw error
  }
  return content.array
}

@Suite("Secrets at rest")
struct AtRestTests {
  @Test("What was sealed opens", arguments: [0, 1, 16, 64])
  func roundTrip(size: Int) throws {
    let content = (0..<size).map { UInt8($0) }
    let file = sealed(content)
    #expect(file.count == size + SealedFile.overhead)
    #expect(try opened(file) == content)
  }

  @Test("The bytes are libsodium's XChaCha20-Poly1305 over the documented header")
  func layout() {
    let file = sealed([0xAA])
    #expect(Array(file[..<8]) == Array("TILLGATE".utf8))
    #expect(Array(file[8..<12]) == [1, 2, 0, 1])
    #expect(Array(file[12..<36]) == nonce)
    #expect(file.count == 36 + 1 + 16)
  }

  @Test("A changed bit anywhere is noticed")
  func changed() {
    let file = sealed([1, 2, 3])
    for index in file.indices {
      for bit in 0..<8 {
        var bad = file
        bad[index] ^= 1 << UInt8(bit)
        #expect(throws: SealedFileError.self) { try opened(bad) }
      }
    }
  }

  @Test("Every wrong file has its own error")
  func errors() {
    let file = sealed([1, 2, 3])
    for size in 0..<file.count {
      #expect(throws: SealedFileError.truncated) { try opened(Array(file[..<size])) }
    }
    #expect(throws: SealedFileError.tooLong) { try opened(file + [0]) }
    #expect(throws: SealedFileError.tooLong) {
      try opened(sealed([UInt8](repeating: 0, count: 65)))
    }
    #expect(throws: SealedFileError.foreign) { try opened(Array("SQLite format 3".utf8)) }
    #expect(throws: SealedFileError.newerVersion(2)) {
      try opened(Array(file[..<8]) + [2] + Array(file[9...]))
    }
    #expect(throws: SealedFileError.otherKind(1)) { try opened(sealed([1], .vaultState)) }
    #expect(throws: SealedFileError.wrongKeyOrDamaged) {
      try opened(file, key: [UInt8](repeating: 0, count: 32))
    }
  }

  @Test("A genuine file with a content that no keeper writes is refused")
  func badContent() {
    var file = SealedState()
    for (content, expected) in [
      ([], SealedFileError.badContent), ([1], .badContent), ([9], .newerVersion(9)),
      ([UInt8](repeating: 1, count: 1089), .badContent),
    ] as [([UInt8], SealedFileError)] {
      try! SealedFile.seal(
        content.span, .vaultState, key: DeviceKey(key), nonce: nonce.span, into: &file)
      var keeper = KeyKeeper()
      var found: SealedFileError?
      do throws(SealedFileError) {
        try keeper.open(file.array.span, key: DeviceKey(key))
      } catch { found = error }
      #expect(found == expected)
      #expect(keeper.status.serial == nil)
    }
  }
}
