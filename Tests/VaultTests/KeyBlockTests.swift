// Key blocks: known answers, and every way in which a block can be wrong.

import Octets
import Simulator
import Testing

@testable import Vault

private func open(_ block: String, _ protectionKey: String) throws(KeyBlockError) -> [UInt8] {
  let text = Array(block.utf8)
  var key = Bytes<64>()
  try KeyBlock(text.span).unwrap(text.span, protectionKey: hex(protectionKey).span, into: &key)
  return key.array
}

private func problem(_ block: String, _ protectionKey: String) -> KeyBlockError? {
  let text = Array(block.utf8)
  var key = InitialKey()
  do throws(KeyBlockError) {
    try key.open(text.span, protectionKey: hex(protectionKey).span)
    return nil
  } catch {
    let serial = key.serial
    #expect(serial == nil)
    return error
  }
}

/// Wraps `key` under `header`, whose length field is corrected.
private func wrap(_ header: String, _ key: String, _ protectionKey: String) -> String {
  var text = Bytes<512>()
  let padding = [UInt8](repeating: 0x5A, count: 16)
  try! AcquirerHost.wrap(
    hex(key).span, Array(header.utf8).span, protectionKey: hex(protectionKey).span,
    padding: padding.span, into: &text)
  return String(decoding: text.array, as: UTF8.self)
}

private let tdesProtection = "DD7515F2BFC17F85CE48F3CA25CB21F6"
private let aesProtection = "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6"
private let tdesKey = TDESAnswer.initialKey
private let tdesHeader = "B0120B1TX00S0100KS18FFFF9876543210E00000"
private let aesHeader = "D0144B1AX00S0200IK141234567890123456PB0C00000000"

@Suite("TR-31 key blocks")
struct KeyBlockTests {
  @Test("Known blocks open to the known keys", arguments: KeyBlockAnswer.all)
  func knownAnswers(_ answer: KeyBlockAnswer) throws {
    if answer.block.hasPrefix("E") {
      #expect(problem(answer.block, answer.protectionKey)?.problem == .unknownVersion)
      return
    }
    let key = try open(answer.block, answer.protectionKey)
    #expect(hex(key) == answer.key)
  }

  @Test("A known block with another usage is never loaded", arguments: KeyBlockAnswer.all)
  func otherUsage(_ answer: KeyBlockAnswer) {
    let expected: KeyBlockError.Problem =
      answer.block.hasPrefix("E") ? .unknownVersion : .notInitialKey
    #expect(problem(answer.block, answer.protectionKey)?.problem == expected)
  }

  @Test("The optional block KS is found where it stands")
  func keySet() throws {
    let text = Array("C0096B0TX12S0100KS1800604B120F9292800000".utf8)
    let whole = text + [UInt8](repeating: UInt8(ascii: "0"), count: 56)
    let block = try KeyBlock(whole.span)
    let range = try #require(block.keySet)
    #expect(String(decoding: whole[range], as: UTF8.self) == "00604B120F9292800000")
  }

  @Test("Any changed character of a block is noticed", arguments: [tdesHeader, aesHeader])
  func changed(_ header: String) {
    let protection = header.hasPrefix("B") ? tdesProtection : aesProtection
    let good = Array(wrap(header, tdesKey, protection).utf8)
    #expect(problem(String(decoding: good, as: UTF8.self), protection) == nil)
    for index in good.indices {
      var bad = good
      bad[index] = bad[index] == UInt8(ascii: "1") ? UInt8(ascii: "2") : UInt8(ascii: "1")
      #expect(problem(String(decoding: bad, as: UTF8.self), protection) != nil, "at \(index)")
      let cut = String(decoding: good[..<index], as: UTF8.self)
      #expect(problem(cut, protection) != nil, "cut at \(index)")
    }
  }

  @Test(
    "An initial key in KS, IK or both is loaded",
    arguments: [
      (tdesHeader, tdesProtection, "FFFF9876543210E00000"),
      ("B0120B1TX00N0100KS0018FFFF9876543210E0", tdesProtection, ""),
      (aesHeader, aesProtection, "123456789012345600000000"),
      (
        "D0144B1AX00E0200KS141234567890123456PB0C00000000", aesProtection,
        "123456789012345600000000"
      ),
      (
        "D0144B1AX00E0200KS1C123456789012345600000000PB04", aesProtection,
        "123456789012345600000000"
      ),
      (
        "D0144B1AX00E0300IK141234567890123456KS141234567890123456PB08ABCD", aesProtection,
        "123456789012345600000000"
      ),
      ("D0144B1TX00S0200KS18FFFF9876543210E00000PB0811AB", aesProtection, "FFFF9876543210E00000"),
      ("B0120B1TX00N0100KS00021CFFFF9876543210E00000", tdesProtection, ""),
      (
        "B0120B1TX00N0200KS0002001EFFFF9876543210E00000PB0A123456", tdesProtection,
        "FFFF9876543210E00000"
      ),
    ])
  func places(_ header: String, _ protection: String, _ serial: String) throws {
    let text = Array(wrap(header, tdesKey, protection).utf8)
    var key = InitialKey()
    guard !serial.isEmpty else {
      #expect(problem(String(decoding: text, as: UTF8.self), protection) != nil)
      return
    }
    try key.open(text.span, protectionKey: hex(protection).span)
    let found = key.serial
    #expect(found.map { hex($0) } == serial)
    key.withKey { #expect(hex(array($0)) == tdesKey) }
  }

  struct Wrong: CustomTestStringConvertible {
    let header: String
    let key: String
    let protection: String
    let problem: KeyBlockError.Problem
    let offset: Int

    init(
      _ header: String, _ problem: KeyBlockError.Problem, at offset: Int, key: String = tdesKey
    ) {
      self.header = header
      self.key = key
      protection = header.hasPrefix("D") ? aesProtection : tdesProtection
      self.problem = problem
      self.offset = offset
    }

    var testDescription: String { "\(problem)" }
  }

  static let serial = "KS18FFFF9876543210E00000"

  @Test(
    "A well-sealed block that is no initial key for this board is refused",
    arguments: [
      Wrong("B0120B0TX00S0100\(serial)", .notInitialKey, at: 5),
      Wrong("B0120P0TE00E0100\(serial)", .notInitialKey, at: 5),
      Wrong("B0120B1DX00S0100\(serial)", .algorithm, at: 7),
      Wrong("B0120B1RX00S0100\(serial)", .algorithm, at: 7),
      Wrong("B0120B1TE00S0100\(serial)", .mode, at: 8),
      Wrong("B0120B1TN00S0100\(serial)", .mode, at: 8),
      Wrong("B0120B1TX00X0100\(serial)", .exportability, at: 11),
      Wrong("B0120B1AX00S0100KS141234567890123456", .headerNotWholeBlocks, at: 36),
      Wrong("B0120B1AX00S0200KS141234567890123456PB04", .protectionKeyTooWeak, at: 7),
      Wrong("B0120B1TX00S0000", .noSerial, at: 16),
      Wrong("D0120B1TX00S0200IK141234567890123456PB0C00000000", .noSerial, at: 48),
      Wrong("D0120B1AX00S0000", .noSerial, at: 16),
      Wrong("B0120B1TX00S0100KS10FFFF98765432", .serialLength, at: 20),
      Wrong("D0120B1AX00S0200IK18123456789012345600000000PB08", .optionalBlockLength, at: 44),
      Wrong("D0120B1AX00S0200IK1C123456789012345600000000PB04", .serialLength, at: 20),
      Wrong("B0120B1TX00S0100KS18FFFF98765432G0E00000", .serialNotHexadecimal, at: 32),
      Wrong("B0120B1TX00S0100KS18FFFF9876543210E00001", .serialCounter, at: 34),
      Wrong("D0120B1AX00S0200KS1C123456789012345600000001PB04", .serialCounter, at: 36),
      Wrong(
        "D0120B1AX00S0300IK141234567890123456KS141234567890123457PB08ABCD", .serialsDiffer, at: 40),
      Wrong(
        "B0120B1TX00S0100\(serial)", .equalHalves, at: 40, key: "0123456789ABCDEF0123456789ABCDEF"),
      Wrong(
        "B0120B1TX00S0100\(serial)", .keyLength(bits: 192), at: 40,
        key: "0123456789ABCDEFFEDCBA98765432100123456789ABCDEF"),
      Wrong("B0120B1TX00S0100\(serial)", .keyLength(bits: 64), at: 40, key: "0123456789ABCDEF"),
      Wrong("B0120B1TX00S0200\(serial)\(serial)", .optionalBlockTwice, at: 40),
      Wrong("B0120B1TX00S0100KS03FFFF9876543210E00000", .optionalBlockLength, at: 18),
      Wrong("B0120B1TX00S0100KSFFFFFF9876543210E00000", .optionalBlockCut, at: 16),
      Wrong("B0120B1TX00S0100KSXXFFFF9876543210E00000", .optionalBlockLength, at: 18),
      Wrong("B0120B1TX00S0100KS0000FF9876543210E00000", .optionalBlockLength, at: 20),
      Wrong("B0120B1TX00S0A00\(serial)", .countNotDecimal, at: 13),
      Wrong("B0120B1TX00S99000000", .optionalBlockLength, at: 20),
    ])
  func refused(_ wrong: Wrong) {
    let error = problem(wrap(wrong.header, wrong.key, wrong.protection), wrong.protection)
    #expect(error == KeyBlockError(wrong.problem, at: wrong.offset))
  }

  @Test("Broken text is named with its place")
  func brokenText() {
    let good = wrap(tdesHeader, tdesKey, tdesProtection)
    #expect(problem("", tdesProtection) == .init(.tooShort, at: 0))
    #expect(problem("B0120B1TX00S010", tdesProtection) == .init(.tooShort, at: 15))
    #expect(
      problem(String(repeating: "B", count: 513), tdesProtection) == .init(.tooLong, at: 512))
    #expect(problem("Z" + good.dropFirst(), tdesProtection) == .init(.unknownVersion, at: 0))
    #expect(
      problem(good + "00", tdesProtection) == .init(.lengthIsNot(stated: 104), at: 1))
    #expect(problem("B01O4" + good.dropFirst(5), tdesProtection) == .init(.lengthNotDecimal, at: 3))
    #expect(problem("B\n" + good.dropFirst(2), tdesProtection) == .init(.notPrintable, at: 1))
    #expect(
      problem(good.dropLast() + "g", tdesProtection)
        == .init(.notHexadecimal, at: good.utf8.count - 1))
    #expect(
      problem("B0058" + tdesHeader.dropFirst(5) + "000000000000000000", tdesProtection)
        == .init(.keyNotWholeBlocks, at: 40))
  }

  @Test("Another protection key, or one of the wrong size, is named")
  func protectionKey() {
    let good = wrap(tdesHeader, tdesKey, tdesProtection)
    #expect(problem(good, tdesKey) == .init(.macMismatch, at: 88))
    for size in [0, 1, 8, 15, 17, 32, 33] {
      let key = String(repeating: "11", count: size)
      #expect(problem(good, key) == .init(.protectionKeySize(bytes: size), at: 0))
    }
    let aes = wrap(aesHeader, tdesKey, aesProtection)
    #expect(problem(aes, tdesProtection)?.problem == .macMismatch)
    #expect(
      problem(aes, String(repeating: "11", count: 20))?.problem == .protectionKeySize(bytes: 20))
  }

  @Test(
    "Protection keys of every size open what was wrapped under them",
    arguments: [
      ("B", 16), ("B", 24), ("D", 16), ("D", 24), ("D", 32),
    ])
  func protectionKeySizes(_ version: String, _ size: Int) {
    let protection = String(hex((0..<UInt8(size)).map { $0 &* 37 &+ 11 }))
    let header = version == "B" ? tdesHeader : aesHeader
    #expect(problem(wrap(header, tdesKey, protection), protection) == nil)
  }

  @Test("The simulator's host makes blocks that load", arguments: [KeyAlgorithm.tdes, .aes128])
  func hostBlocks(_ algorithm: KeyAlgorithm) throws {
    let (serial, initialKey, protection) =
      algorithm == .tdes
      ? (TDESAnswer.initialSerial, TDESAnswer.initialKey, tdesProtection)
      : (AESAnswer.initialSerial, AESAnswer.initialKey, aesProtection)
    var text = Bytes<512>()
    let padding = [UInt8](repeating: 9, count: 16)
    AcquirerHost.test(algorithm).keyBlock(
      KeySerialNumber(hex: serial, algorithm), protectionKey: hex(protection).span,
      padding: padding.span, into: &text)
    var key = InitialKey()
    try text.withBytes { (text) throws(KeyBlockError) in
      try key.open(text, protectionKey: hex(protection).span)
    }
    let found = key.serial
    #expect(found.map { hex($0) } == serial)
    key.withKey { #expect(hex(array($0)) == initialKey) }
  }

  @Test("Check values are those of openemv's vectors")
  func checkValues() throws {
    let tdes = CheckValue(of: hex("F039121BEC83D26B169BDCD5B22AAF8F").span, .tdes)
    tdes.withBytes { #expect(hex(array($0)) == "CB9DEA") }
    let aes = CheckValue(of: hex("3F419E1CB7079442AA37474C2EFBF8B8").span, .aes128)
    aes.withBytes { #expect(hex(array($0)) == "08793E25AB") }
  }
}
