// The promise of the leases: whatever happens to power and disk, no key is ever used twice. And the
// rules of loading and erasing keys.

import Octets
import Simulator
import Testing

@testable import Vault

/// A disk of one file, whose writes may be cut off by the power.
private struct Disk {
  enum Fault: CaseIterable {
    case none
    /// The power goes before the new bytes are on the disk.
    case cutBefore
    /// The power goes when they are, but before the writer hears of it.
    case cutAfter
  }

  struct PowerCut: Error {}

  var file: [UInt8] = []

  mutating func write(_ bytes: Span<UInt8>, _ fault: Fault) throws(PowerCut) {
    if fault == .cutBefore { throw PowerCut() }
    file = array(bytes)
    if fault == .cutAfter { throw PowerCut() }
  }
}

private let deviceKey = [UInt8](0..<32)
private let tokenRandom = [UInt8](repeating: 0xA5, count: 32)
private let protection = "DD7515F2BFC17F85CE48F3CA25CB21F6"

/// Runs `body` with the test host's initial key for `serial`.
private func load(
  _ algorithm: KeyAlgorithm, _ serial: String, replacing: Bool = false,
  token: [UInt8] = tokenRandom,
  into keeper: inout KeyKeeper
) throws(VaultError) {
  let serial = KeySerialNumber(hex: serial, algorithm)
  var bytes = Bytes<16>()
  AcquirerHost.test(algorithm).initialKey(serial, into: &bytes)
  var key = InitialKey()
  bytes.withBytes { key.set($0, serial) }
  try keeper.load(key, replacing: replacing, tokenRandom: token.span)
}

private func commit(_ keeper: inout KeyKeeper, _ disk: inout Disk) {
  let nonce = [UInt8](repeating: 3, count: 24)
  try! keeper.commit(key: DeviceKey(deviceKey), nonce: nonce.span) {
    (bytes) throws(Disk.PowerCut) in try disk.write(bytes, .none)
  }
}

/// What a restarted program finds.
private func restart(_ keeper: inout KeyKeeper, _ disk: Disk) {
  try! keeper.open(disk.file.span, key: DeviceKey(deviceKey))
}

/// One life of the program from power on to power cut. Returns the counters it used.
private func live(_ disk: inout Disk, _ random: inout SeededGenerator) -> [UInt32] {
  var used: [UInt32] = []
  var keeper = KeyKeeper()
  restart(&keeper, disk)
  var hot = KeyLease()
  var standby = KeyLease()
  for _ in 0..<Int.random(in: 0...24, using: &random) {
    if standby.isEmpty {
      let fault = Disk.Fault.allCases.randomElement(using: &random)!
      let isLikely = Int.random(in: 0..<4, using: &random) > 0
      do {
        try keeper.prepareLease()
        let nonce = random.bytes(24)
        try keeper.commitLease(into: &standby, key: DeviceKey(deviceKey), nonce: nonce.span) {
          (bytes) throws(Disk.PowerCut) in try disk.write(bytes, isLikely ? .none : fault)
        }
      } catch is Disk.PowerCut {
        let isStillEmpty = standby.isEmpty
        precondition(isStillEmpty, "a lease got keys whose registers are not durable")
        // Half of the time the disk only stumbled, and the program goes on.
        if Bool.random(using: &random) { return used }
      } catch { return used }
    }
    if hot.isEmpty { hot.refill(from: &standby) }
    for _ in 0..<Int.random(in: 0...40, using: &random) {
      guard let serial = hot.take({ _, serial in serial.counter }) else { break }
      used.append(serial)
    }
  }
  return used
}

@Suite("Key keeper")
struct KeyKeeperTests {
  @Test(
    "No serial number is used twice across 900 power cuts at any step",
    arguments: [UInt64(1), 2, 3])
  func powerCuts(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for (algorithm, serial) in [
      (KeyAlgorithm.tdes, TDESAnswer.initialSerial), (.aes128, AESAnswer.initialSerial),
    ] {
      var disk = Disk()
      var keeper = KeyKeeper()
      try load(algorithm, serial, into: &keeper)
      commit(&keeper, &disk)
      var seen: Set<UInt32> = []
      for life in 0..<150 {
        let repeated = live(&disk, &random).filter { !seen.insert($0).inserted }
        #expect(repeated.isEmpty, "seed \(seed), life \(life): \(repeated) again")
      }
      #expect(seen.count > 5_000)
    }
  }

  @Test("A batch is handed out whole, in order, each key once, and matches the host")
  func batch() throws {
    var disk = Disk()
    var keeper = KeyKeeper()
    try load(.tdes, TDESAnswer.initialSerial, into: &keeper)
    var lease = KeyLease()
    for first in [UInt32(1), 33] {
      try keeper.prepareLease()
      let before = lease.count
      #expect(before == 0)
      let nonce = [UInt8](repeating: 1, count: 24)
      try keeper.commitLease(into: &lease, key: DeviceKey(deviceKey), nonce: nonce.span) {
        (bytes) throws(Disk.PowerCut) in try disk.write(bytes, .none)
      }
      let full = lease.count
      #expect(full == KeyLease.capacity)
      for counter in first..<(first + 32) {
        var block = Bytes<240>()
        let card = Array("4111111111111111=2512".utf8)
        let use = try CardCipher.encrypt(card.span, with: &lease, into: &block)
        #expect(use.serial.counter == counter)
        #expect(use.algorithm == .tdes && use.usage == .dataRequest)
        var opened = Bytes<240>()
        try AcquirerHost.test(.tdes).decrypt(
          block.array.span, ksn: hex(hex(use.serial)).span, into: &opened)
        let bytes = opened.array
        #expect(bytes == card)
      }
      let left = keeper.status.keysLeft
      #expect(left == 1_048_575 - UInt64(first) - 31)
    }
    var block = Bytes<240>()
    #expect(throws: VaultError.leaseEmpty) {
      _ = try CardCipher.encrypt([1].span, with: &lease, into: &block)
    }
  }

  @Test("The last batch may be smaller, and then the keys are exhausted")
  func exhaustion() throws {
    let initial = KeySerialNumber(hex: TDESAnswer.initialSerial, .tdes)
    var keeper = KeyKeeper()
    let slots = [UInt8](repeating: 1, count: KeySlots.byteCount)
    let isTaken = keeper.registers.restore(initial, counter: 0x1F_F000, slots: slots.span)
    #expect(isTaken)
    var lease = KeyLease()
    try keeper.prepareLease()
    let nonce = [UInt8](repeating: 1, count: 24)
    var disk = Disk()
    try keeper.commitLease(into: &lease, key: DeviceKey(deviceKey), nonce: nonce.span) {
      (bytes) throws(Disk.PowerCut) in try disk.write(bytes, .none)
    }
    // 1FF000 has nine bits set: it and the twelve counters with one of the lower bits set are left.
    let count = lease.count
    #expect(count == 13)
    #expect(throws: VaultError.exhausted) { try keeper.prepareLease() }
    var reopened = KeyKeeper()
    restart(&reopened, disk)
    #expect(throws: VaultError.exhausted) { try reopened.prepareLease() }
  }

  @Test("Without keys there is no lease")
  func noKeys() {
    var keeper = KeyKeeper()
    #expect(throws: VaultError.noKeys) { try keeper.prepareLease() }
  }

  @Test("Boot epochs rise by one with each start, and a failed write gives none")
  func epochs() throws {
    var disk = Disk()
    var keeper = KeyKeeper()
    try load(.aes128, AESAnswer.initialSerial, into: &keeper)
    commit(&keeper, &disk)
    var seen: [UInt32] = []
    for fault in [Disk.Fault.none, .none, .cutBefore, .cutAfter, .none] {
      var keeper = KeyKeeper()
      restart(&keeper, disk)
      try keeper.advanceEpoch()
      do {
        let nonce = [UInt8](repeating: 1, count: 24)
        seen.append(
          try keeper.commitEpoch(key: DeviceKey(deviceKey), nonce: nonce.span) {
            (bytes) throws(Disk.PowerCut) in try disk.write(bytes, fault)
          })
      } catch {}
    }
    #expect(seen == [1, 2, 4])
    keeper.epoch = .max
    #expect(throws: VaultError.epochsExhausted) { try keeper.advanceEpoch() }
  }

  @Test("Keys with keys left are replaced only on demand")
  func replace() throws {
    var keeper = KeyKeeper()
    try load(.tdes, TDESAnswer.initialSerial, into: &keeper)
    let before = keeper.status
    #expect(throws: VaultError.keysLeft(1_048_575)) {
      try load(.aes128, AESAnswer.initialSerial, into: &keeper)
    }
    #expect(keeper.status == before)
    try load(.aes128, AESAnswer.initialSerial, replacing: true, into: &keeper)
    #expect(keeper.status.serial?.algorithm == .aes128)
  }

  @Test("An initial key is never loaded twice, not even after another or after an erasure")
  func loadedBefore() throws {
    var disk = Disk()
    var keeper = KeyKeeper()
    try load(.tdes, TDESAnswer.initialSerial, into: &keeper)
    try load(.tdes, "FFFF9876543210C00000", replacing: true, into: &keeper)
    keeper.eraseKeys()
    commit(&keeper, &disk)
    var again = KeyKeeper()
    restart(&again, disk)
    for serial in [TDESAnswer.initialSerial, "FFFF9876543210C00000"] {
      #expect(throws: VaultError.loadedBefore) {
        try load(.tdes, serial, replacing: true, into: &again)
      }
    }
    #expect(again.status.serial == nil)
    try load(.tdes, "FFFF9876543210A00000", into: &again)
  }

  @Test("The 65th initial key is refused, and the 64th stays")
  func historyFull() throws {
    var keeper = KeyKeeper()
    for set in 0..<KeyKeeper.historyLimit {
      let digits = hex([UInt8(set)])
      try load(.tdes, "FFFF98765432\(digits)E00000", replacing: true, into: &keeper)
    }
    let before = keeper.status
    #expect(throws: VaultError.historyFull) {
      try load(.tdes, "FFFF987654FF10E00000", replacing: true, into: &keeper)
    }
    #expect(keeper.status == before)
  }

  @Test("The token key stays over later loads and goes with an erasure")
  func tokenKey() throws {
    let pan = Array("4111111111111111".utf8)
    var keeper = KeyKeeper()
    var key = TokenKey()
    keeper.copyTokenKey(into: &key)
    let none = key.token(of: pan.span)
    #expect(none == nil)
    try load(.tdes, TDESAnswer.initialSerial, into: &keeper)
    keeper.copyTokenKey(into: &key)
    let first = key.token(of: pan.span)
    try load(
      .aes128, AESAnswer.initialSerial, replacing: true, token: [UInt8](repeating: 1, count: 32),
      into: &keeper)
    keeper.copyTokenKey(into: &key)
    let second = key.token(of: pan.span)
    #expect(first != nil)
    #expect(first == second)
    keeper.eraseKeys()
    keeper.copyTokenKey(into: &key)
    let isGone = key.isEmpty
    #expect(isGone)
  }

  @Test("A stored state comes back whole", arguments: [KeyAlgorithm.tdes, .aes128])
  func roundTrip(_ algorithm: KeyAlgorithm) throws {
    var disk = Disk()
    var keeper = KeyKeeper()
    let serial = algorithm == .tdes ? TDESAnswer.initialSerial : AESAnswer.initialSerial
    try load(algorithm, serial, into: &keeper)
    try keeper.advanceEpoch()
    commit(&keeper, &disk)
    var other = KeyKeeper()
    restart(&other, disk)
    #expect(other.status == keeper.status)
    #expect(other.status.epoch == 1)
    var again = Disk()
    commit(&other, &again)
    #expect(again.file == disk.file)
    #expect(disk.file.count == 1141)
  }
}
