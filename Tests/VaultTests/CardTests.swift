// Card data under a leased key, card tokens, and the block modes below both.

import Octets
import Simulator
import Testing

@testable import Vault

@Suite("Card data")
struct CardTests {
  /// One key, `key`, at counter 1.
  private func lease(_ algorithm: KeyAlgorithm, _ key: String, into lease: inout KeyLease) {
    let serial =
      algorithm == .tdes
      ? KeySerialNumber(hex: "FFFF9876543210E00001", .tdes)
      : KeySerialNumber(hex: "123456789012345600000001", .aes128)
    lease.wipe()
    lease.add(hex(key).span, serial)
  }

  @Test(
    "Every length up to the limit comes back at the host",
    arguments: [
      (KeyAlgorithm.tdes, TDESAnswer.all[0].ksn), (.aes128, AESAnswer.all[0].ksn),
    ])
  func lengths(_ algorithm: KeyAlgorithm, _ ksn: String) throws {
    let host = AcquirerHost.test(algorithm)
    let serial = KeySerialNumber(hex: ksn, algorithm)
    var key = Bytes<16>()
    var dataKey = Bytes<16>()
    host.transactionKey(serial, into: &key)
    key.withBytes { Derivation.dataKey(of: $0, serial, into: &dataKey) }
    for size in 0...CardCipher.longestCardData {
      var keys = KeyLease()
      dataKey.withBytes { keys.add($0, serial) }
      let card = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      var block = Bytes<240>()
      let use = try CardCipher.encrypt(card.span, with: &keys, into: &block)
      #expect(use == KeyUse(serial))
      #expect(block.count % algorithm.cipher.blockSize == 0)
      #expect(block.count > size)
      var opened = Bytes<240>()
      try host.decrypt(block.array.span, ksn: hex(ksn).span, into: &opened)
      #expect(opened.array == card)
    }
  }

  @Test("Card data beyond the limit spends no key")
  func tooLong() {
    var keys = KeyLease()
    lease(.tdes, "0123456789ABCDEFFEDCBA9876543210", into: &keys)
    var block = Bytes<240>()
    let card = [UInt8](repeating: 1, count: CardCipher.longestCardData + 1)
    #expect(throws: VaultError.tooLong) {
      _ = try CardCipher.encrypt(card.span, with: &keys, into: &block)
    }
    let left = keys.count
    #expect(left == 1)
  }

  @Test("The host refuses a block under another key, of another length or serial number")
  func hostRefuses() throws {
    let host = AcquirerHost.test(.tdes)
    var card = Bytes<240>()
    for (block, ksn, expected) in [
      ([UInt8](repeating: 7, count: 16), "FFFF9876543210E00001", HostError.padding),
      ([UInt8](repeating: 7, count: 15), "FFFF9876543210E00001", .blockLength),
      ([], "FFFF9876543210E00001", .blockLength),
      ([UInt8](repeating: 7, count: 16), "FFFF9876543210E0", .serialLength),
    ] as [([UInt8], String, HostError)] {
      #expect(throws: expected) {
        try host.decrypt(block.span, ksn: hex(ksn).span, into: &card)
      }
    }
  }

  @Test("A used key is wiped from its slot, an unused one with the lease")
  func slots() {
    var slots = KeySlots()
    slots.set(3, [UInt8](repeating: 9, count: 16).span)
    slots.set(4, [UInt8](repeating: 9, count: 16).span)
    slots.wipe(3)
    slots.withKey(3) { #expect(array($0) == [UInt8](repeating: 0, count: 16)) }
    slots.withKey(4) { #expect(array($0) == [UInt8](repeating: 9, count: 16)) }
    slots.wipe()
    slots.withKey(4) { #expect(array($0) == [UInt8](repeating: 0, count: 16)) }
  }

  @Test("HMAC-SHA-256 and its cut: RFC 4231 test case 2 shape, key padded to 32 bytes")
  func token() {
    var key = TokenKey()
    key.set((Array("Jefe".utf8) + [UInt8](repeating: 0, count: 28)).span)
    // HMAC pads its key with zeros, so that the RFC's answer for the key "Jefe" holds.
    let token = key.token(of: Array("what do ya want for nothing?".utf8).span)
    let bytes = token.map { $0.withBytes { hex(array($0)) } }
    #expect(bytes == "5BDCC146BF60754E6A042426089575C7")
  }

  /// SP 800-38B examples: appendix D.1 (AES-128) and D.4 (two-key TDES).
  @Test(
    "CMAC gives the answers of SP 800-38B",
    arguments: [
      (BlockCipher.aes, "", "BB1D6929E95937287FA37D129B756746"),
      (.aes, "6BC1BEE22E409F96E93D7E117393172A", "070A16B46B4D4144F79BDD9DD04A287C"),
      (
        .aes,
        "6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E5130C81C46A35CE411",
        "DFA66747DE9AE63030CA32611497C827"
      ),
      (.tdes, "", "BD2EBF9A3BA00361"),
      (.tdes, "6BC1BEE22E409F96", "4FF2AB813C53CE83"),
      (.tdes, "6BC1BEE22E409F96E93D7E117393172AAE2D8A57", "62DD1B471902BD4E"),
    ])
  func cmac(_ cipher: BlockCipher, _ message: String, _ expected: String) {
    let key =
      cipher.blockSize == 16
      ? "2B7E151628AED2A6ABF7158809CF4F3C" : "4CF15134A2850DD58A3D10BA80570D38"
    var mac = Bytes<16>()
    cipher.authenticate(hex(message).span, key: hex(key).span, into: &mac)
    #expect(hex(mac.array) == expected)
  }
}
