// The device's registers and the host's derivation against known answers and against each other.

import Octets
import Simulator
import Testing

@testable import Vault

private let tdesSerial = KeySerialNumber(hex: TDESAnswer.initialSerial, .tdes)
private let aesSerial = KeySerialNumber(hex: AESAnswer.initialSerial, .aes128)

private func initialSerial(_ algorithm: KeyAlgorithm) -> KeySerialNumber {
  switch algorithm {
  case .tdes: tdesSerial
  case .aes128: aesSerial
  }
}

/// Registers in the state a device has just before it uses `counter`, built from the host's side.
private func registers(_ algorithm: KeyAlgorithm, at counter: UInt64) -> KeyRegisters {
  let host = AcquirerHost.test(algorithm)
  let initial = initialSerial(algorithm)
  let end = UInt64(1) << UInt64(algorithm.counterBits)
  var slots = [UInt8](repeating: 0, count: KeySlots.byteCount)
  for register in 0..<algorithm.counterBits {
    // The first counter from here on whose lowest set bit is this register's.
    let unit = UInt64(1) << UInt64(register)
    var user = (counter + unit - 1) / unit * unit
    if user & unit == 0 { user += unit }
    guard user < end, user.nonzeroBitCount <= algorithm.mostCounterOnes else { continue }
    var key = Bytes<16>()
    host.transactionKey(initial.at(UInt32(user)), into: &key)
    slots.replaceSubrange((register * 16)..<(register * 16 + 16), with: key.array)
  }
  var registers = KeyRegisters()
  precondition(registers.restore(initial, counter: counter, slots: slots.span))
  return registers
}

private func isBlank(_ device: borrowing KeyRegisters) -> Bool {
  var isBlank = true
  device.withSlots { slots in isBlank = array(slots).allSatisfy { $0 == 0 } }
  return isBlank
}

@Suite("DUKPT")
struct DUKPTTests {
  @Test("The host derives the standards' initial keys")
  func initialKeys() {
    var key = Bytes<16>()
    AcquirerHost.test(.tdes).initialKey(tdesSerial, into: &key)
    #expect(hex(key.array) == TDESAnswer.initialKey)
    AcquirerHost.test(.aes128).initialKey(aesSerial, into: &key)
    #expect(hex(key.array) == AESAnswer.initialKey)
  }

  @Test("The device gives each known TDES key, and the host agrees", arguments: TDESAnswer.all)
  func tdes(_ answer: TDESAnswer) {
    let serial = KeySerialNumber(hex: answer.ksn, .tdes)
    var device = registers(.tdes, at: UInt64(serial.counter))
    var key = Bytes<16>()
    let given = device.next(into: &key)
    #expect(given == serial)
    #expect(hex(serial) == answer.ksn)
    #expect(hex(key.array) == answer.key)
    var hostKey = Bytes<16>()
    AcquirerHost.test(.tdes).transactionKey(serial, into: &hostKey)
    #expect(hex(hostKey.array) == answer.key)

    var dataKey = Bytes<16>()
    key.withBytes { Derivation.dataKey(of: $0, serial, into: &dataKey) }
    var data = Bytes<24>(Array(TDESAnswer.card.utf8) + [UInt8](repeating: 0, count: 7))
    dataKey.withBytes { key in data.withMutableBytes { BlockCipher.tdes.encrypt(&$0, key: key) } }
    #expect(hex(data.array) == answer.data)
  }

  @Test("The device gives each known AES key, and the host agrees", arguments: AESAnswer.all)
  func aes(_ answer: AESAnswer) {
    let serial = KeySerialNumber(hex: answer.ksn, .aes128)
    var device = registers(.aes128, at: UInt64(serial.counter))
    var key = Bytes<16>()
    let given = device.next(into: &key)
    #expect(given == serial)
    #expect(hex(serial) == answer.ksn)
    #expect(hex(key.array) == answer.key)
    var hostKey = Bytes<16>()
    AcquirerHost.test(.aes128).transactionKey(serial, into: &hostKey)
    #expect(hex(hostKey.array) == answer.key)
    guard let expected = answer.dataKey else { return }
    var dataKey = Bytes<16>()
    key.withBytes { Derivation.dataKey(of: $0, serial, into: &dataKey) }
    #expect(hex(dataKey.array) == expected)
  }

  @Test(
    "A device that starts from its initial key agrees with the host, key by key",
    arguments: [KeyAlgorithm.tdes, .aes128])
  func walk(_ algorithm: KeyAlgorithm) {
    let host = AcquirerHost.test(algorithm)
    let initial = initialSerial(algorithm)
    var device = KeyRegisters()
    var key = Bytes<16>()
    host.initialKey(initial, into: &key)
    key.withBytes { device.load($0, initial) }
    let all = device.keysLeft
    var hostKey = Bytes<16>()
    for used in 0..<2_200 {
      let left = device.keysLeft
      #expect(left == all - UInt64(used))
      let serial = device.next(into: &key)
      host.transactionKey(serial!, into: &hostKey)
      let (mine, theirs) = (key.array, hostKey.array)
      #expect(mine == theirs)
    }
  }

  @Test(
    "A device agrees with the host from any counter on",
    arguments: [
      (KeyAlgorithm.tdes, 0x0FE006), (.tdes, 0x1FF000), (.tdes, 0x155554), (.aes128, 0x0001_FFF0),
      (.aes128, 0xFFFE_0000), (.aes128, 0x7FFF_8000), (.aes128, 0xAAAA_AAAA),
    ] as [(KeyAlgorithm, UInt64)])
  func walkFrom(_ algorithm: KeyAlgorithm, _ start: UInt64) {
    let host = AcquirerHost.test(algorithm)
    var device = registers(algorithm, at: start)
    var key = Bytes<16>()
    var hostKey = Bytes<16>()
    var expected = start
    for _ in 0..<200 {
      guard let serial = device.next(into: &key) else { break }
      while expected.nonzeroBitCount > algorithm.mostCounterOnes { expected += 1 }
      #expect(UInt64(serial.counter) == expected)
      host.transactionKey(serial, into: &hostKey)
      let (mine, theirs) = (key.array, hostKey.array)
      #expect(mine == theirs, "counter \(String(serial.counter, radix: 16))")
      expected += 1
    }
  }

  @Test("The last keys are 1FF800 and FFFF0000; after them there is none")
  func exhaustion() {
    for (algorithm, last) in [(KeyAlgorithm.tdes, 0x1F_F800), (.aes128, 0xFFFF_0000)]
      as [(KeyAlgorithm, UInt64)]
    {
      var device = registers(algorithm, at: last)
      var key = Bytes<16>()
      let before = device.keysLeft
      let serial = device.next(into: &key)
      #expect(before == 1)
      #expect(serial?.counter == UInt32(last))
      let after = device.keysLeft
      let none = device.next(into: &key)
      #expect(after == 0)
      #expect(none == nil)
      let isEmpty = isBlank(device)
      #expect(isEmpty)
    }
  }

  @Test("A new device has 1,048,575 TDES keys or 2,448,023,842 AES keys")
  func totals() {
    let tdes = registers(.tdes, at: 1).keysLeft
    let aes = registers(.aes128, at: 1).keysLeft
    #expect(tdes == 1_048_575)
    // All counters with up to 16 of 32 bits: half of 2^32, half of those with 16, without zero.
    #expect(aes == 2_448_023_842)
  }

  @Test("The initial key and used keys are gone from the registers")
  func erasure() {
    var device = KeyRegisters()
    device.load(hex(TDESAnswer.initialKey).span, tdesSerial)
    var key = Bytes<16>()
    for _ in 0..<100 {
      _ = device.next(into: &key)
      let used = key.array
      device.withSlots { slots in
        for start in stride(from: 0, to: slots.count, by: 16) {
          let slot = array(slots.extracting(start..<(start + 16)))
          #expect(slot != used)
          #expect(hex(slot) != TDESAnswer.initialKey)
        }
      }
    }
  }

  @Test("A state that no device can be in is not restored")
  func impossibleStates() {
    let slots = [UInt8](repeating: 7, count: KeySlots.byteCount)
    for counter: UInt64 in [0, 0x20_0001, 0x1F_FFFF, 0x0F_FF00, .max] {
      var device = KeyRegisters()
      let isTaken = device.restore(tdesSerial, counter: counter, slots: slots.span)
      #expect(!isTaken)
      let isEmpty = isBlank(device)
      #expect(isEmpty)
    }
    var device = KeyRegisters()
    let isTaken = device.restore(tdesSerial.at(1), counter: 1, slots: slots.span)
    #expect(!isTaken)
  }
}
