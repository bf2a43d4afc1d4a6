// DUKPT for the peer tests: what this board encrypts, and what our host derives.

import Foundation
import Octets
import Simulator
import Synchronization
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
  var counter: UInt32 = 0
  var count = 0
  var isExhausted = false
  while !isExhausted {
    var sent: [SentBlock] = []
    while sent.count < 4096, !isExhausted {
      do { if lease.isEmpty { try refill(&lease, from: &keeper) } } catch VaultError.exhausted {
        isExhausted = true
        break
      }
      repeat { counter += 1 } while counter.nonzeroBitCount > 10
      sent.append(try SentBlock(counter, under: &lease))
    }
    count += sent.count
    try readAll(sent, host)
  }
  let seconds = (ContinuousClock.now - start) / .seconds(1)
  print("\(count) keys, the last \(String(counter, radix: 16)), in \(seconds) s")
  guard count == 1_048_575, counter == 0x1F_F800 else { throw Disagreement(counter: counter) }
}

/// A block of card data that is nothing but the counter it must be under.
private struct SentBlock: Sendable {
  let counter: UInt32
  let ksn: [UInt8]
  let block: [UInt8]

  init(_ counter: UInt32, under lease: inout KeyLease) throws {
    let card = (0..<4).map { UInt8(truncatingIfNeeded: counter >> (24 - 8 * UInt32($0))) }
    var block = Bytes<240>()
    let use = try CardCipher.encrypt(card.span, with: &lease, into: &block)
    self.counter = counter
    ksn = use.serial.withBytes { ksn in ksn.indices.map { ksn[$0] } }
    self.block = block.withBytes { block in block.indices.map { block[$0] } }
    guard use.serial.counter == counter else { throw Disagreement(counter: counter) }
  }

  /// Whether the host reads the counter out of the block.
  func isRead(by host: AcquirerHost) -> Bool {
    var card = Bytes<240>()
    do { try host.decrypt(block.span, ksn: ksn.span, into: &card) } catch { return false }
    var read: UInt32 = 0
    card.withBytes { card in for index in card.indices { read = read << 8 | UInt32(card[index]) } }
    return card.count == 4 && read == counter
  }
}

/// The host starts from the base key for each block: most of the work, so on all processors.
private func readAll(_ sent: [SentBlock], _ host: AcquirerHost) throws {
  let unread = Atomic<UInt32>(0)
  DispatchQueue.concurrentPerform(iterations: 16) { part in
    for index in stride(from: part, to: sent.count, by: 16) where !sent[index].isRead(by: host) {
      unread.store(sent[index].counter, ordering: .relaxed)
    }
  }
  let counter = unread.load(ordering: .relaxed)
  if counter != 0 { throw Disagreement(counter: counter) }
}

/// Device and host gave different keys, or counters, here.
struct Disagreement: Error {
  let counter: UInt32
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
