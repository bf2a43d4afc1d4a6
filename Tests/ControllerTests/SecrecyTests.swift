// What the record says, what its key opens, and what no byte on the line may say.

import Controller
import Link
import Magstripe
import Octets
import Register
import Simulator
import Testing
import Vault

@Suite("A captured card")
struct SecrecyTests {
  @Test("is what was swiped", arguments: [KeyAlgorithm.tdes, .aes128], [false, true])
  func contents(_ keys: KeyAlgorithm, _ isBackward: Bool) throws {
    var options = KioskOptions()
    options.keys = keys
    options.head = isBackward ? .clockData : .f2f
    let kiosk = Kiosk(options)
    #expect(kiosk.arm("order 7"))
    kiosk.swipe { $0.direction = isBackward ? .backward : .forward }
    #expect(kiosk.run(until: { kiosk.records.count == 1 }))
    let record = try kiosk.world.openRecord()
    #expect(record.index == 0)
    #expect(record.reference.text == "order 7")
    #expect(record.amount == Record.Amount(minorUnits: 1250, currency: 978, exponent: 2))
    #expect(record.maskedPAN.text == "411111******1111")
    #expect(record.expiry.text == "3012")
    #expect(record.serviceCode.text == "101")
    #expect(record.token.count == 16)
    #expect(record.isClockSet == true)
    #expect(record.swipe?.isBackward == isBackward)
    #expect(record.algorithm == (keys == .tdes ? .tdesDUKPT : .aesDUKPT))
    var plain = Bytes<240>()
    try record.ciphertext.withBytes { block in
      try record.ksn.withBytes { ksn in
        try AcquirerHost.test(keys).decrypt(block, ksn: ksn, into: &plain)
      }
    }
    let card = try plain.withBytes { try CardData(decoding: $0) }
    #expect(card.track1.text == String(TestCard.one.dropFirst().dropLast()))
    #expect(card.track2.text == String(TestCard.two.dropFirst().dropLast()))
    #expect(card.track3.isEmpty == true)
  }

  @Test("spends one key, and an unreadable one none")
  func keys() throws {
    let kiosk = Kiosk()
    var counters: [UInt8] = []
    // More cards than a batch has keys.
    for number in 0..<KeyLease.capacity + 3 {
      #expect(kiosk.arm("P\(number)"))
      if number % 5 == 0 { kiosk.swipeAndWait(isScratched: true) }
      kiosk.swipeAndWait()
      let record = try kiosk.world.openRecord()
      counters.append(record.ksn[record.ksn.count - 1])
    }
    #expect(kiosk.records.count == KeyLease.capacity + 3)
    #expect(counters == counters.indices.map { UInt8($0 + 1) })
  }

  @Test("never shows its number on the line or in the record")
  func noClearDigits() throws {
    let kiosk = Kiosk()
    for number in 0..<10 {
      #expect(kiosk.arm("P\(number)"))
      if number % 3 == 0 { kiosk.swipeAndWait(isScratched: true) }
      kiosk.swipeAndWait()
    }
    #expect(kiosk.line.count > 2_000)
    // Seven digits in a row are more than any masked number shows.
    let digits = Array(TestCard.number.utf8)
    for start in 0...(digits.count - 7) {
      let run = Array(digits[start..<start + 7])
      #expect(!contains(kiosk.line, run))
      for record in kiosk.records { #expect(!contains(record, run)) }
    }
    #expect(contains([1, 2, 3, 4], [2, 3]))
  }

  private func contains(_ bytes: [UInt8], _ run: [UInt8]) -> Bool {
    guard bytes.count >= run.count else { return false }
    return (0...(bytes.count - run.count)).contains { start in
      bytes[start..<start + run.count].elementsEqual(run)
    }
  }
}
