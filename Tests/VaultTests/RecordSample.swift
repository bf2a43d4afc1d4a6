// The worked example of docs/PROTOCOL.md and the largest record, built by hand.

import Foundation
import Octets
import Vault

enum RecordSample {
  static let key = octets("404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f")
  static let keyIdentifier = octets("7524c6c06a2dc4d4")
  static let tracks = [
    "B4111111111111111^TEST/CARD^2812201000000000", "4111111111111111=28122010000000000", "",
  ]

  static func recordKey() -> RecordKey {
    let (key, identifier) = (key, keyIdentifier)
    do { return try RecordKey(key.span, identifier: identifier.span) } catch {
      fatalError("\(error)")
    }
  }

  static func example() -> Record {
    var record = Record()
    fill(&record.origin, "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf")
    record.index = 41
    record.epoch = 7
    write(&record.reference, "2026-11-22/0041")
    record.amount = Record.Amount(minorUnits: 1250, currency: 978, exponent: 2)
    record.unixMilliseconds = 1_795_348_800_123
    record.isClockSet = true
    record.uptimeMilliseconds = 93_784_005
    write(&record.maskedPAN, "411111******1111")
    record.scheme = 1
    write(&record.schemeRule, "4")
    write(&record.expiry, "2812")
    write(&record.serviceCode, "201")
    fill(&record.token, "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf")
    record.swipe = Record.Swipe(
      isBackward: false, track1: .read, track2: .read, track3: .blank, jitterPercent: 7)
    fill(&record.ksn, "ffff9876543210e00001")
    fill(
      &record.ciphertext,
      "f899002fe3c25446f34ede6760ad70327a60755afecf0e702f2326e66a5b8461"
        + "9bdece2400841ea1023e620e12bcde811839b9d9c9f32e442f434f8f626a498b"
        + "d87816821f570633b81234710eb7a9119dd3d7ad46ca1d7b")
    fill(&record.device, "b827eb0000000001")
    write(&record.firmware, "0.1.0")
    return record
  }

  /// Every field at its limit.
  static func largest() -> Record {
    var record = example()
    record.index = .max
    record.epoch = .max
    write(&record.reference, String(repeating: "r", count: 32))
    record.amount = Record.Amount(minorUnits: .max, currency: 999, exponent: 4)
    record.unixMilliseconds = .max
    record.uptimeMilliseconds = .max
    record.entryMode = Record.EntryMode(rawValue: .max)
    write(&record.maskedPAN, "123456*********6789")
    record.scheme = .max
    write(&record.schemeRule, String(repeating: "9", count: 16))
    record.schemeOverlap = .max
    record.swipe = Record.Swipe(
      isBackward: true, track1: .read, track2: .read, track3: .read, jitterPercent: 100)
    record.algorithm = .aesDUKPT
    fill(&record.ksn, String(repeating: "ff", count: 12))
    fill(&record.ciphertext, String(repeating: "ee", count: 240))
    write(&record.firmware, String(repeating: "v", count: 16))
    return record
  }

  /// The example, tapped: with as many bytes of DE55 as are asked for.
  static func tapped(_ size: Int = 15) -> Record {
    var record = example()
    record.swipe = nil
    record.entryMode = .contactlessChip
    record.account = .debit
    fill(&record.application, "a0000000032010")
    fill(&record.chipData, String(repeating: "9c", count: size))
    record.chip.formFactor = 2
    record.chip.verification = 1
    return record
  }

  /// The example without any field that may be absent.
  static func smallest() -> Record {
    var record = example()
    record.maskedPAN.removeAll()
    record.scheme = nil
    record.schemeRule.removeAll()
    record.expiry.removeAll()
    record.serviceCode.removeAll()
    record.token.removeAll()
    record.swipe = nil
    return record
  }

  static func encoded(_ record: borrowing Record) throws -> [UInt8] {
    var bytes = Bytes<512>()
    try record.encode(into: &bytes)
    return content(bytes)
  }

  /// The CBOR of a map: `entries` are encoded values by key, as hexadecimal text.
  static func map(_ entries: [Int: String]) -> [UInt8] {
    var bytes = Bytes<1024>()
    do {
      try bytes.appendCBOR(map: entries.count)
      for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
        try bytes.appendCBOR(unsigned: UInt64(key))
        let value = octets(value)
        try bytes.append(value.span)
      }
    } catch { fatalError("\(error)") }
    return content(bytes)
  }

  /// The example's entries, to be changed one at a time.
  static let entries: [Int: String] = [
    0: "01", 1: "50a0a1a2a3a4a5a6a7a8a9aaabacadaeaf", 2: "1829", 3: "07",
    4: "6f323032362d31312d32322f30303431", 5: "01", 6: "831904e21903d202",
    7: "821b000001a20320a27bf5", 8: "1a059707c5", 9: "185a", 10: "01",
    11: "703431313131312a2a2a2a2a2a31313131", 12: "82016134", 13: "6432383132",
    14: "63323031", 15: "50d0d1d2d3d4d5d6d7d8d9dadbdcdddedf", 16: "00", 17: "85f401010007",
    18: "a4 0102 02193000 034affff9876543210e00001 04 48 0011223344556677",
    19: "48b827eb0000000001", 20: "65302e312e30",
  ]

  /// A named block of the protocol's pages.
  static func published(_ name: String) throws -> [UInt8] {
    let docs = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs").standardizedFileURL
    for page in try FileManager.default.contentsOfDirectory(atPath: docs.path).sorted()
    where page.hasPrefix("PROTOCOL") {
      let text = try String(contentsOf: docs.appending(path: page), encoding: .utf8)
      guard let start = text.range(of: "```hex \(name)\n"),
        let end = text.range(of: "```", range: start.upperBound..<text.endIndex)
      else { continue }
      return octets(String(text[start.upperBound..<end.lowerBound].filter { !$0.isWhitespace }))
    }
    fatalError("no page in docs/ has a block named \(name)")
  }

  static func octets(_ hex: String) -> [UInt8] {
    var bytes = Bytes<1024>()
    fill(&bytes, hex)
    return content(bytes)
  }

  static func content<let capacity: Int>(_ bytes: borrowing Bytes<capacity>) -> [UInt8] {
    (0..<bytes.count).map { bytes[$0] }
  }

  static func fill<let capacity: Int>(_ bytes: inout Bytes<capacity>, _ hex: String) {
    let digits = Array(hex.utf8.filter { $0 != UInt8(ascii: " ") })
    bytes.removeAll()
    do { try Hex.decode(digits.span, into: &bytes) } catch { fatalError("\(hex): \(error)") }
  }

  static func write<let capacity: Int>(_ bytes: inout Bytes<capacity>, _ text: String) {
    let text = Array(text.utf8)
    bytes.removeAll()
    do { try bytes.append(text.span) } catch { fatalError("\(error)") }
  }
}
