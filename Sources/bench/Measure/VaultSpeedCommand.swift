// `bench vault`: how long a card's key and its encryption take.

import ArgumentParser
import Octets
import Vault

struct VaultSpeedCommand: MeasureCommand {
  static let configuration = CommandConfiguration(
    commandName: "vault", abstract: "Time to derive a DUKPT key and encrypt a card under it.")
  @OptionGroup var options: MeasureOptions

  static func measure(_ options: MeasureOptions, _ findings: inout Findings) throws {
    let batches = options.quick ? 30 : 300
    findings.section(
      """
      DUKPT, \(batches) batches of \(KeyLease.capacity) keys, \(CardCipher.longestCardData) bytes \
      of card data (ordinary Swift build, -O)
      """)
    var timings = [VaultTiming(.tdes), VaultTiming(.aes)]
    var keepers = KeeperPair()
    try keepers.tdes.load(TestKeySet.tdes)
    try keepers.aes.load(TestKeySet.aes)
    for _ in 0..<batches {
      try timings[0].run(&keepers.tdes)
      try timings[1].run(&keepers.aes)
    }
    for timing in timings {
      findings.show("\(timing.name), one key of a batch", timing.derive.words)
      findings.show("\(timing.name), encryption", timing.encrypt.words)
      let median = timing.derive.valueAtPercentile(50) + timing.encrypt.valueAtPercentile(50)
      findings.require(
        "\(timing.name), derive and encrypt, medians", microseconds(median), atMost: 100, " us")
    }
  }
}

private struct KeeperPair: ~Copyable {
  var tdes = KeyKeeper()
  var aes = KeyKeeper()
}

private struct VaultTiming {
  let name: String
  /// Per key, of a batch sealed for the disk but not written.
  var derive = Durations(numberOfSignificantValueDigits: .three)
  var encrypt = Durations(numberOfSignificantValueDigits: .three)

  init(_ keys: TestKeySet) { name = keys.name }

  mutating func run(_ keeper: inout KeyKeeper) throws {
    var lease = KeyLease()
    var deviceKey = DeviceKey(copying: [UInt8](0..<32))
    let nonce = [UInt8](repeating: 0, count: SealedFile.nonceSize)
    let card = [UInt8](repeating: 0x34, count: CardCipher.longestCardData)
    let start = monotonicNow()
    try keeper.prepareLease()
    keeper.commitLease(into: &lease, key: deviceKey, nonce: nonce.span) { _ in }
    let batch = (monotonicNow() - start).nanoseconds
    derive.record(UInt64(batch) / UInt64(KeyLease.capacity))
    var block = Bytes<240>()
    while !lease.isEmpty {
      let start = monotonicNow()
      _ = try CardCipher.encrypt(card.span, with: &lease, into: &block)
      encrypt.record(since: start)
    }
    deviceKey.wipe()
  }
}

extension KeyKeeper {
  /// Loads a test key, wrapped as an injection facility wraps it.
  fileprivate mutating func load(_ keys: TestKeySet) throws {
    var protection = Bytes<32>()
    try Hex.decode(Array(keys.protectionKey.utf8).span, into: &protection)
    var key = InitialKey()
    try protection.withBytes { (protection) throws(KeyBlockError) in
      try key.open(Array(keys.block.utf8).span, protectionKey: protection)
    }
    try load(
      key, replacing: false, tokenRandom: [UInt8](repeating: 0, count: SealedFile.keySize).span)
  }
}
