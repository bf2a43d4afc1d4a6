// Where the vault lives on disk: DIR/vault.sealed under the device key, which is a systemd
// credential or DIR/device.key.

import CLinux
import CSodium
import Journal
import LinuxBoard
import Octets
import Vault

/// The state directory with its device key. One process at a time changes what is in it.
struct VaultStore: ~Copyable {
  static let stateName: StaticString = "vault.sealed"
  static let deviceKeyName: StaticString = "device.key"
  static let logKeyName: StaticString = "log.sealed"

  private let directory: StateDirectory
  private var deviceKey = DeviceKey()
  /// Whether the device key lies in the directory, beside what it protects.
  private(set) var hasKeyFile = false

  private init(_ directory: consuming StateDirectory) { self.directory = directory }

  /// Opens the directory at `path` and reads the device key. With `creating`, a missing directory
  /// and a missing device key are made, the key only if nothing was sealed under another before.
  static func open(
    _ path: UnsafePointer<UInt8>, creating: Bool, locking: Bool
  ) throws(StoreError) -> VaultStore {
    var store: VaultStore
    do throws(FileError) {
      store = VaultStore(try StateDirectory(path, creating: creating, locking: locking))
    } catch { throw .directory(error) }
    do throws(StoreError) { try store.findDeviceKey(creating: creating) } catch {
      store.wipe()
      throw error
    }
    return store
  }

  private mutating func findDeviceKey(creating: Bool) throws(StoreError) {
    if try readCredential() { return }
    if try readKeyFile() {
      hasKeyFile = true
      return
    }
    guard creating, try !hasState() else { throw .deviceKeyMissing }
    try createKey()
  }

  mutating func wipe() { deviceKey.wipe() }

  /// Reads the credential `tillgate.device-key` that systemd decrypted for this service; false when
  /// there is none. Its permissions are systemd's affair.
  private mutating func readCredential() throws(StoreError) -> Bool {
    let name: StaticString = "CREDENTIALS_DIRECTORY"
    guard let directory = tg_environment(name.utf8Start) else { return false }
    var path = Bytes<4096>()
    var length = 0
    while directory[length] != 0, length < 4000 { length += 1 }
    do throws(Overflow) {
      try path.append(
        Span(_unsafeElements: UnsafeBufferPointer(start: directory, count: length)))
      try path.append("/tillgate.device-key")
      try path.append(0)
    } catch { return false }
    do throws(FileError) {
      try path.withBytes { (path) throws(FileError) in
        try path.withUnsafeBufferPointer { (path) throws(FileError) in
          try Files.read(path.baseAddress!, .open, into: &deviceKey)
        }
      }
    } catch {
      if error.isMissing { return false }
      throw .deviceKey(error)
    }
    return try checkKeySize()
  }

  private mutating func readKeyFile() throws(StoreError) -> Bool {
    do throws(FileError) {
      try directory.read(Self.deviceKeyName, .secret, into: &deviceKey)
    } catch {
      if error.isMissing { return false }
      throw .deviceKey(error)
    }
    return try checkKeySize()
  }

  private func checkKeySize() throws(StoreError) -> Bool {
    guard deviceKey.count == SealedFile.keySize else { throw .deviceKeySize }
    return true
  }

  private mutating func createKey() throws(StoreError) {
    deviceKey.drawRandom(SealedFile.keySize)
    do throws(FileError) {
      try deviceKey.withBytes { (key) throws(FileError) in
        try directory.replace(Self.deviceKeyName, by: key)
      }
    } catch { throw .deviceKey(error) }
  }

  private func hasState() throws(StoreError) -> Bool {
    var file = SealedState()
    do throws(FileError) {
      try directory.read(Self.stateName, .secret, into: &file)
      return true
    } catch {
      if error.isMissing { return false }
      throw .state(error)
    }
  }

  /// Fills `keeper` from disk; leaves it empty when nothing was stored yet.
  func open(_ keeper: inout KeyKeeper) throws(StoreError) {
    var file = SealedState()
    do throws(FileError) {
      try directory.read(Self.stateName, .secret, into: &file)
    } catch {
      if error.isMissing { return }
      throw .state(error)
    }
    do throws(SealedFileError) {
      try file.withBytes { (file) throws(SealedFileError) in
        try keeper.open(file, key: deviceKey)
      }
    } catch { throw .sealed(error) }
  }

  /// Makes `keeper`'s state durable.
  func commit(_ keeper: inout KeyKeeper) throws(StoreError) {
    try withNonce { (nonce) throws(FileError) in
      try keeper.commit(key: deviceKey, nonce: nonce) { (state) throws(FileError) in
        try directory.replace(Self.stateName, by: state)
      }
    }
  }

  /// Makes the new boot epoch durable and returns it.
  func commitEpoch(_ keeper: inout KeyKeeper) throws(StoreError) -> UInt32 {
    try withNonce { (nonce) throws(FileError) in
      try keeper.commitEpoch(key: deviceKey, nonce: nonce) { (state) throws(FileError) in
        try directory.replace(Self.stateName, by: state)
      }
    }
  }

  /// Makes the step past the prepared batch durable and puts the batch into `lease`.
  func commitLease(_ keeper: inout KeyKeeper, into lease: inout KeyLease) throws(StoreError) {
    try withNonce { (nonce) throws(FileError) in
      try keeper.commitLease(into: &lease, key: deviceKey, nonce: nonce) {
        (state) throws(FileError) in
        try directory.replace(Self.stateName, by: state)
      }
    }
  }

  /// Opens the log's key into `key`; false when there is none.
  func open(_ key: inout LogKey) throws(StoreError) -> Bool {
    var file = Bytes<84>()
    do throws(FileError) { try directory.read(Self.logKeyName, .secret, into: &file) } catch {
      if error.isMissing { return false }
      throw .logKey(error)
    }
    do throws(SealedFileError) {
      try file.withBytes { (file) throws(SealedFileError) in
        try SealedFile.open(file, .logKey, key: deviceKey, into: &key.seed)
      }
    } catch { throw .sealedLogKey(error) }
    guard key.seed.count == LogKey.size else { throw .sealedLogKey(.badContent) }
    return true
  }

  func save(_ key: borrowing LogKey) throws(StoreError) {
    var file = Bytes<84>()
    try withNonce { (nonce) throws(FileError) in
      do throws(Overflow) {
        try key.seed.withBytes { (seed) throws(Overflow) in
          try SealedFile.seal(seed, .logKey, key: deviceKey, nonce: nonce, into: &file)
        }
      } catch { preconditionFailure("32 bytes and SealedFile.overhead") }
      try file.withBytes { (file) throws(FileError) in
        try directory.replace(Self.logKeyName, by: file)
      }
    }
  }

  /// Makes the names of new files durable.
  func syncDirectory() throws(StoreError) {
    do throws(FileError) { try directory.sync() } catch { throw .directory(error) }
  }

  private func withNonce<R>(
    _ body: (Span<UInt8>) throws(FileError) -> R
  ) throws(StoreError) -> R {
    var nonce = Bytes<24>()
    nonce.drawRandom(SealedFile.nonceSize)
    do throws(FileError) { return try nonce.withBytes(body) } catch { throw .state(error) }
  }

  /// Seals the list of registers, in the place of the one before.
  func save(_ book: borrowing PairingBook) throws(StoreError) {
    var plain = Bytes<522>()
    var file = Bytes<574>()
    defer { plain.wipe() }
    do throws(Overflow) { try book.encode(into: &plain) } catch {
      preconditionFailure("the layout has one size")
    }
    try withNonce { (nonce) throws(FileError) in
      do throws(Overflow) {
        try plain.withBytes { (plain) throws(Overflow) in
          try SealedFile.seal(plain, .pairingKeys, key: deviceKey, nonce: nonce, into: &file)
        }
      } catch { preconditionFailure("522 bytes and SealedFile.overhead") }
      try file.withBytes { (file) throws(FileError) in
        try directory.replace(PairingBook.fileName, by: file)
      }
    }
  }

  /// Opens what `save` sealed.
  func open(_ book: inout PairingBook) throws(StoreError) {
    var file = Bytes<574>()
    var plain = Bytes<574>()
    defer { plain.wipe() }
    do throws(FileError) {
      try directory.read(PairingBook.fileName, .secret, into: &file)
    } catch {
      throw error.isMissing ? .pairingMissing : .pairing(error)
    }
    do throws(SealedFileError) {
      try file.withBytes { (file) throws(SealedFileError) in
        try SealedFile.open(file, .pairingKeys, key: deviceKey, into: &plain)
      }
    } catch { throw .sealedPairing(error) }
    guard plain.withBytes({ book.decode($0) }) else { throw .sealedPairing(.badContent) }
  }

  /// Replaces a note of no secret for or from `tillgate pair`.
  func write(_ name: StaticString, _ note: Span<UInt8>) throws(StoreError) {
    do throws(FileError) { try directory.replace(name, by: note) } catch { throw .note(error) }
  }

  /// Takes a note away and puts it into `note`; false when there is none.
  func take<let limit: Int>(_ name: StaticString, into note: inout Bytes<limit>) -> Bool {
    do throws(FileError) {
      try directory.read(name, .secret, into: &note)
    } catch {
      // One that cannot be read is none, and must not be tried for ever.
      if !error.isMissing { directory.remove(name) }
      return false
    }
    directory.remove(name)
    return true
  }
}

/// What is wrong with the state directory.
enum StoreError: Error {
  case directory(FileError)
  case deviceKey(FileError)
  case deviceKeySize
  /// There is sealed state, or no wish to make any, but no device key.
  case deviceKeyMissing
  case state(FileError)
  case sealed(SealedFileError)
  case pairing(FileError)
  case sealedPairing(SealedFileError)
  /// No register was ever paired.
  case pairingMissing
  case note(FileError)
  case logKey(FileError)
  case sealedLogKey(SealedFileError)
}

extension Bytes {
  /// Replaces the content by `count` bytes of the kernel's randomness.
  mutating func drawRandom(_ count: Int) {
    wipe()
    appendFilling { free in
      free.withUnsafeMutableBytes { randombytes_buf($0.baseAddress, count) }
      return count
    }
  }
}

extension Line {
  /// What is wrong with the state directory, as the end of a sentence.
  mutating func add(_ error: StoreError) {
    switch error {
    case .directory(let error): add(error)
    case .deviceKey(let error):
      add("device.key ")
      add(error)
    case .deviceKeySize: add("the device key is not 32 bytes long; restore it from a copy")
    case .deviceKeyMissing:
      add("there is no device key: neither a credential tillgate.device-key nor device.key;")
      add(" `tillgate keys load` makes one in a new directory")
    case .state(let error):
      add("vault.sealed ")
      add(error)
    case .sealed(let error):
      add("vault.sealed ")
      add(error.words)
    case .pairing(let error):
      add("pairing.sealed ")
      add(error)
    case .sealedPairing(let error):
      add("pairing.sealed ")
      add(error.words)
      add("; or remove it, and pair every register again")
    case .pairingMissing: add("no register was ever paired; do so with `tillgate pair`")
    case .note(let error):
      add("the notes of `tillgate pair` ")
      add(error)
    case .logKey(let error):
      add("log.sealed ")
      add(error)
    case .sealedLogKey(let error):
      add("log.sealed ")
      add(error.words)
    }
  }
}

extension SealedFileError {
  fileprivate var words: StaticString {
    switch self {
    case .truncated: "ends too early; restore it from a copy"
    case .foreign: "is not a file of tillgate"
    case .newerVersion: "was written by a newer tillgate; update this one"
    case .otherKind: "holds something else than keys"
    case .tooLong: "is longer than it says; restore it from a copy"
    case .wrongKeyOrDamaged:
      "was sealed under another device key, or is damaged; restore the device key or the file"
    case .badContent: "holds a state that this tillgate never writes"
    }
  }
}
