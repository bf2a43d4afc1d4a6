// The keys and counters of one session, once its handshake is complete.

import Octets

/// Which counters of the other side were seen. Counters ascend on an ordered line; the window is
/// for bridges that repeat or reorder frames.
struct ReplayWindow {
  /// One above the highest counter seen; 0 when none was.
  private(set) var next: UInt64 = 0
  /// Bit n: the counter `next - 1 - n` was seen.
  private var seen: UInt64 = 0

  static let size: UInt64 = 64

  /// Whether `counter` is neither seen nor too old to tell.
  func isFresh(_ counter: UInt64) -> Bool {
    if counter >= next { return true }
    let age = next - 1 - counter
    return age < Self.size && seen >> age & 1 == 0
  }

  /// Notes a counter whose frame was genuine.
  mutating func note(_ counter: UInt64) {
    if counter >= next {
      let step = counter - next + 1
      seen = (step < Self.size ? seen << step : 0) | 1
      next = counter &+ 1
    } else {
      seen |= 1 << (next - 1 - counter)
    }
  }
}

/// One session's keys in a fixed place, so that no move leaves a copy of them behind.
struct Channel: ~Copyable {
  private var sealing = Key()
  private var opening = Key()
  private(set) var session: UInt32 = 0
  /// Whose session it is, an index of `Peers`.
  private(set) var peer = 0
  /// Frames sealed so far: the next one's counter.
  var sent: UInt64 = 0
  private(set) var window = ReplayWindow()
  private(set) var opened = Instant(nanoseconds: 0)
  /// Whether the other side takes frames with parity.
  var takesParity = false

  /// Type, session, counter.
  static let headerSize = 13

  var isOpen: Bool { sealing.count == 32 }

  /// Takes the keys of a complete handshake, which is wiped, and starts counting.
  mutating func begin(
    _ handshake: inout Handshake, role: Session.Role, session: UInt32, peer: Int, now: Instant
  ) {
    switch role {
    case .register: handshake.split(into: &sealing, &opening)
    case .controller: handshake.split(into: &opening, &sealing)
    }
    self.session = session
    self.peer = peer
    sent = 0
    window = ReplayWindow()
    opened = now
    takesParity = false
  }

  /// Whether a genuine frame of the other side has come, which proves it has the keys.
  var isProven: Bool { window.next > 0 }

  /// Whether it is time for a new handshake.
  func isWorn(now: Instant) -> Bool {
    now - opened >= SessionLimits.age || max(sent, window.next) >= SessionLimits.frames
  }

  /// When it wants a new handshake: worn, or not proven in time.
  func nextDeadline(now: Instant) -> Instant {
    if isWorn(now: now) { return now }
    let worn = opened + SessionLimits.age
    return isProven ? worn : min(worn, opened + SessionLimits.proof)
  }

  /// Whether nothing may be sent or taken any more.
  func isSpent(now: Instant) -> Bool {
    now - opened >= SessionLimits.lastAge || max(sent, window.next) >= SessionLimits.lastFrames
  }

  /// Writes header and sealed message. Throws when the message is too long.
  mutating func seal(_ message: Span<UInt8>, into content: inout FrameContent) throws(Overflow) {
    content.removeAll()
    var header = Bytes<13>()
    try header.append(FrameType.transport.rawValue)
    try header.append(bigEndian: session)
    try header.append(bigEndian: sent)
    try header.withBytes { (header) throws(Overflow) in
      try content.append(header)
      try Link.seal(
        message, key: sealing, counter: sent, associated: header, into: &content)
    }
    sent += 1
  }

  enum Opening: Equatable {
    case genuine
    case replayed
    case forged
  }

  /// Opens a transport frame of this session.
  mutating func open(
    _ content: Span<UInt8>, counter: UInt64, into message: inout Bytes<602>
  ) -> Opening {
    guard counter < SessionLimits.lastFrames else { return .forged }
    guard window.isFresh(counter) else { return .replayed }
    let header = content.extracting(0..<Self.headerSize)
    let sealed = content.extracting(Self.headerSize..<content.count)
    let isGenuine = Link.open(
      sealed, key: opening, counter: counter, associated: header, into: &message)
    guard isGenuine else { return .forged }
    window.note(counter)
    return .genuine
  }

  mutating func wipe() {
    sealing.wipe()
    opening.wipe()
    session = 0
  }
}
