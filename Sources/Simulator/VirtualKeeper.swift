// The controller's keeper thread in virtual time: the product's KeyKeeper on the simulated disk.
// What the disk takes long for is ready only then, and what it refuses is tried again, as the
// firmware's own keeper does it.

import Controller
import Octets
import Vault

struct VirtualKeeper: ~Copyable {
  /// After the disk refused a write, as in the firmware.
  private static let pauseAfterFailure = Interval.seconds(1)

  private enum Phase {
    /// The loop has the last batch; the next is made when it asks.
    case resting
    /// The loop wants keys; the disk is tried at this time.
    case wanted(at: Instant)
    /// A batch is durable and in the mailbox from this time on.
    case ready(at: Instant)
    case exhausted
  }

  private var keys = KeyKeeper()
  private var mailbox = KeyLease()
  private var phase = Phase.resting
  private var deviceKey = DeviceKey()
  /// The canary's batch that was handed out and is still to be made durable.
  private var owed: Instant?

  init(_ random: inout SeededRandom) { deviceKey.fill(&random) }

  func copyTokenKey(into key: inout TokenKey) { keys.copyTokenKey(into: &key) }

  var isBlank: Bool { keys.status.serial == nil }

  // MARK: Before the first start

  /// Loads the test host's key and makes the state durable, as `tillgate keys load` does.
  mutating func provision(
    _ algorithm: KeyAlgorithm, on disk: borrowing FaultDisk, _ random: inout SeededRandom
  ) {
    var key = InitialKey()
    var block = Bytes<512>()
    var protection = Bytes<32>()
    var tokenRandom = Bytes<32>()
    protection.fill(&random)
    if algorithm == .tdes { protection.truncate(to: 16) }
    tokenRandom.fill(&random)
    AcquirerHost.test(algorithm).keyBlock(algorithm, protectionKey: protection, into: &block)
    do throws(KeyBlockError) {
      try protection.withBytes { (protection) throws(KeyBlockError) in
        try block.withBytes { (text) throws(KeyBlockError) in
          try key.open(text, protectionKey: protection)
        }
      }
    } catch { preconditionFailure("the test host wraps its keys well") }
    do throws(VaultError) {
      try tokenRandom.withBytes { (random) throws(VaultError) in
        try keys.load(key, replacing: false, tokenRandom: random)
      }
    } catch { preconditionFailure("an empty vault takes any key") }
    key.wipe()
    do throws(DiskError) { try commit(on: disk, &random) } catch {
      preconditionFailure("a new disk has no faults yet")
    }
  }

  // MARK: Starting

  /// Takes up the state on the disk and makes the next epoch durable; returns it.
  mutating func start(
    on disk: borrowing FaultDisk, _ canary: Canary?, now: Instant, _ random: inout SeededRandom
  ) throws(DiskError) -> UInt32 {
    keys.wipe()
    mailbox.wipe()
    // The first batch is made before the loop asks.
    phase = .wanted(at: now)
    owed = nil
    var file = SealedState()
    do throws(DiskError) { try disk.read("vault.sealed", into: &file) } catch {
      guard error == .missing else { throw error }
    }
    if !file.isEmpty {
      do throws(SealedFileError) {
        try file.withBytes { (file) throws(SealedFileError) in
          try keys.open(file, key: deviceKey)
        }
      } catch { throw .damaged }
    }
    do throws(VaultError) { try keys.advanceEpoch() } catch {
      preconditionFailure("four billion starts")
    }
    try commit(on: disk, &random)
    return canary == .epochNotCounted ? 1 : keys.status.epoch
  }

  private mutating func commit(
    on disk: borrowing FaultDisk, _ random: inout SeededRandom
  ) throws(DiskError) {
    var nonce = Bytes<24>()
    nonce.fill(&random)
    try nonce.withBytes { (nonce) throws(DiskError) in
      try keys.commit(key: deviceKey, nonce: nonce) { (state) throws(DiskError) in
        try disk.replace("vault.sealed", by: state, through: "vault.sealed.new")
      }
    }
  }

  // MARK: Running

  /// What the thread does in a millisecond.
  mutating func run(
    now: Instant, on disk: borrowing FaultDisk, _ canary: Canary?, _ random: inout SeededRandom
  ) {
    if let due = owed, now >= due {
      owed = nil
      do throws(DiskError) { try commit(on: disk, &random) } catch {}
    }
    guard case .wanted(let at) = phase, now >= at else { return }
    do throws(VaultError) { try keys.prepareLease() } catch {
      phase = .exhausted
      return
    }
    var nonce = Bytes<24>()
    nonce.fill(&random)
    do throws(DiskError) {
      try nonce.withBytes { (nonce) throws(DiskError) in
        try keys.commitLease(into: &mailbox, key: deviceKey, nonce: nonce) {
          (state) throws(DiskError) in
          if canary == .leaseBeforeDurable { return }
          try disk.replace("vault.sealed", by: state, through: "vault.sealed.new")
        }
      }
    } catch {
      // The batch stays prepared; not a key of it was handed out.
      phase = .wanted(at: now + Self.pauseAfterFailure)
      return
    }
    if canary == .leaseBeforeDurable { owed = now + .seconds(10) }
    phase = .ready(at: now + disk.takeElapsed() + .milliseconds(1))
  }

  /// The loop's side of the mailbox.
  mutating func refill(_ lease: inout KeyLease, now: Instant) -> KeySupply {
    switch phase {
    case .resting: phase = .wanted(at: now)
    case .wanted: break
    case .ready(let at):
      guard now >= at else { break }
      lease.refill(from: &mailbox)
      phase = .resting
      return .refilled
    case .exhausted: return .exhausted
    }
    return isBlank ? .exhausted : .onItsWay
  }
}

extension AcquirerHost {
  /// The key block of the annexes' device.
  fileprivate func keyBlock(
    _ algorithm: KeyAlgorithm, protectionKey: borrowing Bytes<32>, into block: inout Bytes<512>
  ) {
    let tdes: InlineArray<10, UInt8> = [0xFF, 0xFF, 0x98, 0x76, 0x54, 0x32, 0x10, 0xE0, 0, 0]
    let aes: InlineArray<12, UInt8> = [
      0x12, 0x34, 0x56, 0x78, 0x90, 0x12, 0x34, 0x56, 0, 0, 0, 0,
    ]
    let serial =
      algorithm == .tdes
      ? KeySerialNumber(tdes.span, algorithm: .tdes) : KeySerialNumber(aes.span, algorithm: .aes128)
    guard let serial else { preconditionFailure("10 and 12 bytes") }
    let padding = InlineArray<16, UInt8>(repeating: 0x5A)
    protectionKey.withBytes {
      keyBlock(serial, protectionKey: $0, padding: padding.span, into: &block)
    }
  }
}
