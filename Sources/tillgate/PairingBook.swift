// The list of paired registers, with the controller's own key and the records': what
// `tillgate pair` adds to and `tillgate run` goes by. Sealed as one file.

import CSodium
import Link
import LinuxBoard
import Octets
import Vault

/// Secrets of this controller's end of the link, and the registers it talks with.
struct PairingBook: ~Copyable {
  static let fileName: StaticString = "pairing.sealed"
  static let capacity = SessionLimits.peers
  /// Layout (1), secret (32), record key (32), number of registers (1); for each of eight: key
  /// (32), length of the name (1), name (16), time (8); zeros where there is none. Most significant
  /// byte first.
  static let size = 66 + 8 * Entry.size
  private static let layout: UInt8 = 1

  struct Entry: BitwiseCopyable {
    static let size = 57
    var register: PairedRegister
    /// When it was paired, by the system's clock; 0 when it came from a file.
    var unixMilliseconds: UInt64
  }

  /// X25519 secret key of this controller's end of the link.
  private(set) var secret = Link.Key()
  /// AES-256 key of the records.
  private(set) var recordKey = Link.Key()
  private var entries = InlineArray<8, Entry?>(repeating: nil)
  private(set) var count = 0

  mutating func wipe() {
    secret.wipe()
    recordKey.wipe()
  }

  /// Draws keys for a controller that has never been paired.
  mutating func create() {
    secret.drawRandom(32)
    recordKey.drawRandom(32)
    count = 0
  }

  subscript(index: Int) -> Entry {
    guard index >= 0, index < count, let entry = entries[index] else {
      preconditionFailure("our own index, below the count")
    }
    return entry
  }

  func index(of key: PublicKey) -> Int? {
    for index in 0..<count where self[index].register.key == key { return index }
    return nil
  }

  /// Adds a register, or renews its entry. False when there is no room.
  mutating func add(_ register: PairedRegister, unixMilliseconds: UInt64) -> Bool {
    let entry = Entry(register: register, unixMilliseconds: unixMilliseconds)
    if let index = index(of: register.key) {
      entries[index] = entry
      return true
    }
    guard count < Self.capacity else { return false }
    entries[count] = entry
    count += 1
    return true
  }

  /// False when it is not there.
  mutating func remove(_ key: PublicKey) -> Bool {
    guard let index = index(of: key) else { return false }
    count -= 1
    for place in index..<count { entries[place] = entries[place + 1] }
    entries[count] = nil
    return true
  }

  borrowing func makeRecordKey() throws(StartFailure) -> RecordKey {
    do throws(SealError) {
      return try recordKey.withBytes { (key) throws(SealError) in try RecordKey(key) }
    } catch { throw .pairing }
  }

  /// Names the controller: the first 8 bytes of its public key's SHA-256.
  borrowing func nameDevice(_ name: inout Bytes<8>) {
    var point = Link.Key()
    var digest = Link.Key()
    point.fill { out in
      secret.withBytes { secret in
        _ = secret.withUnsafeBufferPointer { crypto_scalarmult_base(out, $0.baseAddress) }
      }
    }
    digest.fill { out in
      point.withBytes { point in
        _ = point.withUnsafeBufferPointer {
          crypto_hash_sha256(out, $0.baseAddress, UInt64($0.count))
        }
      }
    }
    name.removeAll()
    do {
      try digest.withBytes { (digest) throws(Overflow) in try name.append(digest.extracting(0..<8))
      }
    } catch { preconditionFailure("8 of 8 bytes") }
  }

  /// Appends what is sealed.
  borrowing func encode(into bytes: inout Bytes<522>) throws(Overflow) {
    try bytes.append(Self.layout)
    try secret.withBytes { (key) throws(Overflow) in try bytes.append(key) }
    try recordKey.withBytes { (key) throws(Overflow) in try bytes.append(key) }
    try bytes.append(UInt8(count))
    for index in 0..<count { try self[index].encode(into: &bytes) }
    while bytes.count < Self.size { try bytes.append(0) }
  }

  /// Takes what `encode` gave; false for anything else.
  mutating func decode(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count == Self.size, bytes[0] == Self.layout, bytes[65] <= Self.capacity else {
      return false
    }
    secret.set(bytes.extracting(1..<33))
    recordKey.set(bytes.extracting(33..<65))
    count = 0
    for index in 0..<Self.capacity {
      let start = 66 + index * Entry.size
      let part = bytes.extracting(start..<(start + Entry.size))
      if index < Int(bytes[65]) {
        guard let entry = Entry(part),
          add(entry.register, unixMilliseconds: entry.unixMilliseconds)
        else { return false }
      } else {
        for place in part.indices where part[place] != 0 { return false }
      }
    }
    return count == Int(bytes[65])
  }

  /// Takes the keys that a file has, and its register in the place of those before.
  mutating func take(secret: borrowing Link.Key, recordKey: borrowing Link.Key, register: PublicKey)
  {
    secret.withBytes { self.secret.set($0) }
    recordKey.withBytes { self.recordKey.set($0) }
    count = 0
    _ = add(PairedRegister(key: register, name: RegisterName()), unixMilliseconds: 0)
  }
}

extension PairingBook.Entry {
  fileprivate func encode(into bytes: inout Bytes<522>) throws(Overflow) {
    let end = bytes.count + 49
    try register.key.withBytes { (key) throws(Overflow) in try bytes.append(key) }
    try register.name.withText { (name) throws(Overflow) in
      try bytes.append(UInt8(name.count))
      try bytes.append(name)
    }
    while bytes.count < end { try bytes.append(0) }
    try bytes.append(bigEndian: unixMilliseconds)
  }

  fileprivate init?(_ bytes: Span<UInt8>) {
    guard let key = PublicKey(bytes.extracting(0..<32)), bytes[32] <= RegisterName.capacity,
      let name = RegisterName(bytes.extracting(33..<(33 + Int(bytes[32]))))
    else { return nil }
    register = PairedRegister(key: key, name: name)
    unixMilliseconds = 0
    for index in 49..<57 { unixMilliseconds = unixMilliseconds << 8 | UInt64(bytes[index]) }
  }
}

extension Bytes<32> {
  /// Becomes the 32 bytes that `body` writes.
  fileprivate mutating func fill(_ body: (UnsafeMutablePointer<UInt8>) -> Void) {
    removeAll()
    appendFilling { room in
      room.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
      return 32
    }
  }
}
