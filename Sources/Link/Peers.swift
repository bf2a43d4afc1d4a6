// The static keys that a side pins: at the register its controller's, at the controller those of
// the registers that are paired.

import Octets

/// At most `SessionLimits.peers` keys. An index stays its peer's until it is removed.
struct Peers: ~Copyable {
  struct Peer: ~Copyable {
    fileprivate(set) var point = Key()
    /// The secret that it shares with the own static key: a request is tried against many.
    fileprivate(set) var shared = Key()
  }

  private var slots = InlineArray<8, Peer> { _ in Peer() }

  subscript(index: Int) -> Peer {
    _read { yield slots[index] }
  }

  func isPinned(_ index: Int) -> Bool { !slots[index].point.isEmpty }

  func index(of point: Span<UInt8>) -> Int? {
    for index in 0..<SessionLimits.peers {
      if isPinned(index), slots[index].point.withBytes({ $0.equals(point) }) { return index }
    }
    return nil
  }

  /// Pins a key; nothing happens when it is pinned already.
  mutating func add(_ point: borrowing Key, own: borrowing KeyPair) throws(KeyError) {
    guard point.count == 32 else { throw .size }
    if point.withBytes({ index(of: $0) }) != nil { return }
    var free: Int?
    for index in (0..<SessionLimits.peers).reversed() where !isPinned(index) { free = index }
    guard let free else { throw .tooMany }
    var shared = Key()
    defer { shared.wipe() }
    guard x25519(own.secret, point, into: &shared) else { throw .lowOrder }
    point.withBytes { slots[free].point.set($0) }
    shared.withBytes { slots[free].shared.set($0) }
  }

  mutating func remove(_ index: Int) {
    slots[index].point.wipe()
    slots[index].shared.wipe()
  }

  mutating func wipe() {
    for index in 0..<SessionLimits.peers { remove(index) }
  }
}
