// The vault's cold side: everything about keys that outlives a power cut. One thread owns it, the
// one that writes to disk. What leaves it (a lease, a boot epoch) leaves only after the write that
// makes it safe to use.

import Octets

/// Registers, token key, boot epoch and the memory of keys loaded before.
///
/// Changes happen in memory first and become durable by one of the `commit` calls, which hand the
/// newest state, sealed, to a closure. The closure returns only when the bytes would survive a
/// power cut and throws otherwise; after a throw nothing has left the keeper, and the commit may be
/// tried again.
public struct KeyKeeper: ~Copyable {
  /// Initial keys that a board remembers, so as never to take one twice.
  public static let historyLimit = 64
  static let fingerprintSize = 8

  var registers = KeyRegisters()
  var checkValue: CheckValue?
  var tokenKey = TokenKey()
  /// The last epoch begun; 0 on a new board.
  var epoch: UInt32 = 0
  /// Fingerprints of all initial keys ever loaded, the newest last.
  var history = Bytes<512>()
  /// Derived, but not yet to be used.
  private var pending = KeyLease()

  public init() {}

  /// Loads an initial key; the caller wipes it. `tokenRandom` is 32 random bytes, taken as the
  /// token key if there is none yet.
  ///
  /// - Throws: `keysLeft` unless `replacing`, `loadedBefore`, `historyFull`; nothing changed then.
  public mutating func load(
    _ key: borrowing InitialKey, replacing: Bool, tokenRandom: Span<UInt8>
  ) throws(VaultError) {
    guard let serial = key.serial else { throw .noKeys }
    var digest = Bytes<32>()
    key.fingerprint(into: &digest)
    digest.truncate(to: Self.fingerprintSize)
    guard !digest.withBytes({ isInHistory($0) }) else { throw .loadedBefore }
    guard replacing || registers.keysLeft == 0 else { throw .keysLeft(registers.keysLeft) }
    do { try digest.withBytes { (bytes) throws(Overflow) in try history.append(bytes) } } catch {
      throw .historyFull
    }
    pending.wipe()
    key.withKey { registers.load($0, serial) }
    checkValue = key.checkValue
    if tokenKey.isEmpty { tokenKey.set(tokenRandom) }
  }

  private func isInHistory(_ fingerprint: Span<UInt8>) -> Bool {
    history.withBytes { history in
      for start in stride(from: 0, to: history.count, by: Self.fingerprintSize) {
        let entry = history.extracting(start..<(start + Self.fingerprintSize))
        if entry.equals(fingerprint) { return true }
      }
      return false
    }
  }

  /// Forgets registers and token key. The boot epoch and the memory of loaded keys stay: without
  /// them a nonce or a key could be used again.
  public mutating func eraseKeys() {
    registers.wipe()
    checkValue = nil
    tokenKey.wipe()
    pending.wipe()
  }

  /// Wipes everything from memory.
  public mutating func wipe() {
    eraseKeys()
    epoch = 0
    history.wipe()
  }

  public var status: KeyStatus {
    KeyStatus(
      serial: registers.initial, checkValue: checkValue, keysLeft: registers.keysLeft,
      epoch: epoch)
  }

  /// Gives the loop its copy of the token key; leaves `key` empty when none is loaded.
  public func copyTokenKey(into key: inout TokenKey) {
    key.wipe()
    if !tokenKey.isEmpty { tokenKey.withBytes { key.set($0) } }
  }

  /// Derives the next batch of data keys, which `commitLease` then hands out. The last batch of an
  /// initial key may be smaller. Does nothing while a batch is waiting.
  ///
  /// - Throws: `noKeys`, `exhausted`.
  public mutating func prepareLease() throws(VaultError) {
    guard pending.isEmpty else { return }
    guard registers.initial != nil else { throw .noKeys }
    pending.wipe()
    var key = Bytes<16>()
    var dataKey = Bytes<16>()
    while pending.count < KeyLease.capacity, let serial = registers.next(into: &key) {
      key.withBytes { Derivation.dataKey(of: $0, serial, into: &dataKey) }
      dataKey.withBytes { pending.add($0, serial) }
    }
    key.wipe()
    dataKey.wipe()
    guard !pending.isEmpty else { throw .exhausted }
  }

  /// Makes the registers' step past the prepared batch durable, then moves the batch into `lease`,
  /// whose former keys are wiped. Without a prepared batch the lease ends up empty.
  public mutating func commitLease<E: Error>(
    into lease: inout KeyLease, key: borrowing DeviceKey, nonce: Span<UInt8>,
    writing store: (Span<UInt8>) throws(E) -> Void
  ) throws(E) {
    try commit(key: key, nonce: nonce, writing: store)
    lease.refill(from: &pending)
  }

  /// Steps to the next boot epoch, which `commitEpoch` then hands out. Once per start.
  public mutating func advanceEpoch() throws(VaultError) {
    guard epoch < .max else { throw .epochsExhausted }
    epoch += 1
  }

  /// Makes the boot epoch durable and returns it: part of nonces, never used by another start.
  public mutating func commitEpoch<E: Error>(
    key: borrowing DeviceKey, nonce: Span<UInt8>, writing store: (Span<UInt8>) throws(E) -> Void
  ) throws(E) -> UInt32 {
    try commit(key: key, nonce: nonce, writing: store)
    return epoch
  }

  /// Makes the newest state durable. `nonce` is 24 random bytes.
  public mutating func commit<E: Error>(
    key: borrowing DeviceKey, nonce: Span<UInt8>, writing store: (Span<UInt8>) throws(E) -> Void
  ) throws(E) {
    var file = SealedState()
    seal(into: &file, key: key, nonce: nonce)
    try file.withBytes(store)
  }
}

/// What may be said about the keys: nothing here is secret.
public struct KeyStatus: Equatable, Sendable {
  /// The initial key's serial number, counter zero; nil when no key is loaded.
  public let serial: KeySerialNumber?
  public let checkValue: CheckValue?
  /// Keys that no lease holds yet.
  public let keysLeft: UInt64
  /// The last boot epoch begun.
  public let epoch: UInt32
}
