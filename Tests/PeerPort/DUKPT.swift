// DUKPT for the peer tests: what this board encrypts, and what our host derives.

import Foundation
import Octets
import Simulator
import Vault

/// `dukpt device BLOCK PROTECTION-KEY COUNT`: loads the initial key and prints, for the first
/// COUNT keys, `KSN CARD-DATA-BLOCK` of the card data `4111111111111111=2512101`.
/// `dukpt host BDK KSN…`: prints the transaction key of each KSN.
func dukptPeer(_ words: [String]) throws {
  switch words.first {
  case "device": try deviceSide(words[1], protectionKey: words[2], count: Int(words[3])!)
  case "host": hostSide(baseKey: words[1], serials: words[2...])
  default: fatalError("dukpt device|host")
  }
}

private func deviceSide(_ block: String, protectionKey: String, count: Int) throws {
  var key = InitialKey()
  try key.open(Array(block.utf8).span, protectionKey: bytes(protectionKey).span)
  var keeper = KeyKeeper()
  try keeper.load(
    key, replacing: false, tokenRandom: [UInt8](repeating: 0, count: SealedFile.keySize).span)
  var lease = KeyLease()
  var line = ""
  for _ in 0..<count {
    if lease.isEmpty { try refill(&lease, from: &keeper) }
    var block = Bytes<240>()
    let card = Array("4111111111111111=2512101".utf8)
    let use = try CardCipher.encrypt(card.span, with: &lease, into: &block)
    line += use.serial.withBytes { text($0) } + " " + block.withBytes { text($0) } + "\n"
  }
  print(line, terminator: "")
}

private func refill(_ lease: inout KeyLease, from keeper: inout KeyKeeper) throws {
  try keeper.prepareLease()
  var deviceKey = DeviceKey()
  for byte in 0..<32 { try deviceKey.append(UInt8(byte)) }
  let nonce = [UInt8](repeating: 0, count: SealedFile.nonceSize)
  keeper.commitLease(into: &lease, key: deviceKey, nonce: nonce.span) { _ in }
}

private func hostSide(baseKey: String, serials: ArraySlice<String>) {
  for serial in serials {
    let algorithm: KeyAlgorithm = serial.count == 20 ? .tdes : .aes128
    let host = AcquirerHost(algorithm, baseKey: bytes(baseKey).span)
    var key = Bytes<16>()
    host.transactionKey(KeySerialNumber(bytes(serial).span, algorithm: algorithm)!, into: &key)
    print(key.withBytes { text($0) })
  }
}

/// `dukpt-all`: encrypts under every one of the 1,048,575 TDES keys of one initial key, through
/// leases, and has the host read each block. Prints the count and the time.
func dukptAll() throws {
  let host = AcquirerHost.test(.tdes)
  let initial = KeySerialNumber(bytes("FFFF9876543210E00000").span, algorithm: .tdes)!
  var keeper = KeyKeeper()
  try load(initial, of: host, into: &keeper)
  let start = ContinuousClock.now
  var lease = KeyLease()
  var expected: UInt32 = 0
  var count = 0
  while true {
    if lease.isEmpty {
      do { try refill(&lease, from: &keeper) } catch VaultError.exhausted { break }
    }
    repeat { expected += 1 } while expected.nonzeroBitCount > 10
    var card = Bytes<240>()
    try card.append(bigEndian: expected)
    try encryptAndRead(card, expected, &lease, host)
    count += 1
  }
  let seconds = (ContinuousClock.now - start) / .seconds(1)
  print("\(count) keys, the last \(String(expected, radix: 16)), in \(seconds) s")
  guard count == 1_048_575, expected == 0x1F_F800 else { throw Disagreement(counter: expected) }
}

private func load(
  _ initial: KeySerialNumber, of host: AcquirerHost, into keeper: inout KeyKeeper
) throws {
  let protectionKey = [UInt8](0..<16)
  var block = Bytes<512>()
  host.keyBlock(
    initial, protectionKey: protectionKey.span, padding: [UInt8](repeating: 7, count: 16).span,
    into: &block)
  var key = InitialKey()
  try block.withBytes { (block) throws(KeyBlockError) in
    try key.open(block, protectionKey: protectionKey.span)
  }
  try keeper.load(
    key, replacing: false, tokenRandom: [UInt8](repeating: 0, count: SealedFile.keySize).span)
}

private func encryptAndRead(
  _ card: borrowing Bytes<240>, _ expected: UInt32, _ lease: inout KeyLease, _ host: AcquirerHost
) throws {
  var block = Bytes<240>()
  let use = try card.withBytes { (card) throws(VaultError) in
    try CardCipher.encrypt(card, with: &lease, into: &block)
  }
  guard use.serial.counter == expected else { throw Disagreement(counter: expected) }
  var opened = Bytes<240>()
  try use.serial.withBytes { (ksn) throws(HostError) in
    try block.withBytes { (block) throws(HostError) in
      try host.decrypt(block, ksn: ksn, into: &opened)
    }
  }
  let isSame = card.withBytes { card in opened.withBytes { card.equals($0) } }
  guard isSame else { throw Disagreement(counter: expected) }
}

/// Device and host gave different keys, or counters, here.
struct Disagreement: Error {
  let counter: UInt32
}

/// `vault-speed`: microseconds to make a lease and encrypt a full block, per card.
func vaultSpeed() throws {
  for algorithm in [KeyAlgorithm.tdes, .aes128] {
    let digits = algorithm == .tdes ? "FFFF9876543210E00000" : "123456789012345600000000"
    let initial = KeySerialNumber(bytes(digits).span, algorithm: algorithm)!
    let host = AcquirerHost.test(algorithm)
    var keeper = KeyKeeper()
    try load(initial, of: host, into: &keeper)
    var lease = KeyLease()
    let card = [UInt8](repeating: 0x34, count: CardCipher.longestCardData)
    var derive = Duration.zero
    var encrypt = Duration.zero
    let batches = 300
    for _ in 0..<batches {
      let start = ContinuousClock.now
      try refill(&lease, from: &keeper)
      let derived = ContinuousClock.now
      var block = Bytes<240>()
      while !lease.isEmpty { _ = try CardCipher.encrypt(card.span, with: &lease, into: &block) }
      derive += derived - start
      encrypt += ContinuousClock.now - derived
    }
    let cards = Double(batches * KeyLease.capacity)
    print(
      "\(algorithm): derive \(derive / .microseconds(1) / cards) µs, "
        + "encrypt \(encrypt / .microseconds(1) / cards) µs per card")
  }
}

func bytes(_ text: String) -> [UInt8] {
  let digits = Array(text.utf8)
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    Hex.value(digits[$0])! << 4 | Hex.value(digits[$0 + 1])!
  }
}

func text(_ bytes: Span<UInt8>) -> String {
  bytes.indices.map { String(format: "%02X", bytes[$0]) }.joined()
}
