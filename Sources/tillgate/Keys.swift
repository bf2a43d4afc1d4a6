// `tillgate keys load|status|erase`: how a DUKPT initial key gets into a board and out of it again.

import CLinux
import CSodium
import LinuxBoard
import Octets
import Vault

/// One `keys` command. Functions print what went wrong and throw `Failed` with the exit code.
struct KeysCommand {
  struct Failed: Error {
    let code: Int32
  }

  static func run(_ arguments: Arguments) -> Int32 {
    _ = RealTime.enter()
    guard sodium_init() >= 0 else {
      Console.error.print("tillgate keys: the system gives no randomness")
      return Exit.failure
    }
    do throws(Failed) {
      let options = try KeysOptions(arguments)
      switch options.verb {
      case .load: try load(options)
      case .pair: try pair(options)
      case .status: try status(options)
      case .erase: try erase(options)
      }
      return Exit.success
    } catch { return error.code }
  }

  /// Loads the key of a block, or says what is wrong and changes nothing.
  private static func load(_ options: KeysOptions) throws(Failed) {
    var key = InitialKey()
    defer { key.wipe() }
    try readBlock(options, into: &key)
    var store = try openStore(options, creating: true, locking: true)
    defer { store.wipe() }
    var keeper = KeyKeeper()
    defer { keeper.wipe() }
    do throws(StoreError) { try store.open(&keeper) } catch { throw report(error, options) }
    var tokenRandom = Bytes<32>()
    tokenRandom.drawRandom(32)
    defer { tokenRandom.wipe() }
    do throws(VaultError) {
      try tokenRandom.withBytes { (random) throws(VaultError) in
        try keeper.load(key, replacing: options.replaces, tokenRandom: random)
      }
    } catch { throw report(error, options) }
    try commit(&keeper, to: store, options)
    printStatus(keeper.status)
  }

  private static func readBlock(
    _ options: KeysOptions, into key: inout InitialKey
  ) throws(Failed) {
    var protectionKey = Bytes<32>()
    defer { protectionKey.wipe() }
    try readProtectionKey(options.protectionKey, into: &protectionKey)
    var text = Bytes<1024>()
    do throws(FileError) { try Files.read(options.block, .open, into: &text) } catch {
      throw report(error, options.block)
    }
    text.trimLineEnd()
    do throws(KeyBlockError) {
      try text.withBytes { (text) throws(KeyBlockError) in
        try protectionKey.withBytes { (protectionKey) throws(KeyBlockError) in
          try key.open(text, protectionKey: protectionKey)
        }
      }
    } catch { throw report(error, options.block) }
  }

  /// Seals the keys that this controller shares with a register, in the place of those before.
  private static func pair(_ options: KeysOptions) throws(Failed) {
    var text = Bytes<1024>()
    var file = PairingFile()
    var book = PairingBook()
    defer {
      text.wipe()
      file.wipe()
      book.wipe()
    }
    do throws(FileError) { try Files.read(options.pairing, .secret, into: &text) } catch {
      throw report(error, options.pairing)
    }
    if let line = text.withBytes({ file.read($0) }) {
      throw reportPairing(line: line, options.pairing)
    }
    var store = try openStore(options, creating: true, locking: true)
    defer { store.wipe() }
    file.copy(to: &book)
    do throws(StoreError) { try store.save(book) } catch { throw report(error, options) }
    Console.output.print("paired; the keys' file is not needed any more: destroy it")
  }

  /// A file of hexadecimal digits, which nobody else may read.
  private static func readProtectionKey(
    _ path: UnsafePointer<UInt8>, into key: inout Bytes<32>
  ) throws(Failed) {
    var text = Bytes<128>()
    defer { text.wipe() }
    do throws(FileError) { try Files.read(path, .secret, into: &text) } catch {
      throw report(error, path)
    }
    text.trimLineEnd()
    do throws(HexError) {
      try text.withBytes { (text) throws(HexError) in try Hex.decode(text, into: &key) }
    } catch { throw report(error, path) }
  }

  private static func status(_ options: KeysOptions) throws(Failed) {
    var keeper = KeyKeeper()
    defer { keeper.wipe() }
    var store = try openStore(options, creating: false, locking: false)
    defer { store.wipe() }
    do throws(StoreError) { try store.open(&keeper) } catch { throw report(error, options) }
    printStatus(keeper.status)
    // So that scripts can ask whether the board can take cards.
    if keeper.status.keysLeft == 0 { throw Failed(code: Exit.failure) }
  }

  /// Erases the keys even when the last ones are in use; what must never repeat is remembered.
  private static func erase(_ options: KeysOptions) throws(Failed) {
    var keeper = KeyKeeper()
    defer { keeper.wipe() }
    var store = try openStore(options, creating: false, locking: true)
    defer { store.wipe() }
    do throws(StoreError) { try store.open(&keeper) } catch { throw report(error, options) }
    keeper.eraseKeys()
    try commit(&keeper, to: store, options)
    Console.output.print("keys erased; boot epoch and fingerprints of loaded keys are kept")
  }

  private static func openStore(
    _ options: KeysOptions, creating: Bool, locking: Bool
  ) throws(Failed) -> VaultStore {
    do throws(StoreError) {
      return try VaultStore.open(options.state, creating: creating, locking: locking)
    } catch { throw report(error, options) }
  }

  private static func commit(
    _ keeper: inout KeyKeeper, to store: borrowing VaultStore, _ options: KeysOptions
  ) throws(Failed) {
    do throws(StoreError) { try store.commit(&keeper) } catch {
      throw report(error, options, isCommit: true)
    }
  }

  private static func printStatus(_ status: KeyStatus) {
    var first = Line()
    first.add("algorithm    ")
    switch status.serial?.algorithm {
    case .tdes: first.add("TDES (X9.24-1)")
    case .aes128: first.add("AES-128 (X9.24-3)")
    case nil: first.add("none, no key is loaded")
    }
    first.print()
    if let serial = status.serial {
      var line = Line()
      line.add("initial key  ")
      serial.withBytes { line.add(hex: $0) }
      line.print()
    }
    if let checkValue = status.checkValue {
      var line = Line()
      line.add("check value  ")
      checkValue.withBytes { line.add(hex: $0) }
      line.print()
    }
    var left = Line()
    left.add("keys left    ")
    left.add(status.keysLeft)
    left.print()
    var epoch = Line()
    epoch.add("boot epoch   ")
    epoch.add(status.epoch)
    epoch.print()
  }
}

extension Bytes {
  /// Drops line ends and spaces at the end, which editors add.
  fileprivate mutating func trimLineEnd() {
    while count > 0, self[count - 1] == 0x0A || self[count - 1] == 0x0D || self[count - 1] == 0x20 {
      truncate(to: count - 1)
    }
  }
}
