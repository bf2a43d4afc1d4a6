// Who this controller is, for the records it makes.

import Identity
import Link
import Octets
import Vault

/// What does not change between two starts of the program: names, keys of the pairing, policy.
/// Made before the loop starts; the loop owns it.
public struct Terminal: ~Copyable {
  /// Names the log of records, 16 bytes.
  public let origin: Origin
  /// The start of the controller, counted durably.
  public let epoch: UInt32
  /// Names the controller, 8 bytes.
  public var device = Bytes<8>()
  public var firmware = Bytes<16>()
  public let masking: MaskPolicy
  public var tokenKey: TokenKey
  public var recordKey: RecordKey

  public init(
    origin: Origin, epoch: UInt32, masking: MaskPolicy, tokenKey: consuming TokenKey,
    recordKey: consuming RecordKey
  ) {
    self.origin = origin
    self.epoch = epoch
    self.masking = masking
    self.tokenKey = tokenKey
    self.recordKey = recordKey
  }

  mutating func wipe() {
    tokenKey.wipe()
    recordKey.wipe()
  }
}

/// The time of day as far as it is known: the monotonic clock and what the register last said.
public struct WallClock: Sendable {
  /// Milliseconds since 1970 at the monotonic clock's zero.
  private var base: UInt64
  /// Whether a register has set the clock since the start.
  public private(set) var isSet = false

  /// `base`: what the board's own clock says, for as long as no register corrects it.
  public init(unixMilliseconds: UInt64, at now: Instant) {
    base = unixMilliseconds &- now.milliseconds
  }

  public mutating func set(unixMilliseconds: UInt64, at now: Instant) {
    base = unixMilliseconds &- now.milliseconds
    isSet = true
  }

  public func unixMilliseconds(at now: Instant) -> UInt64 { base &+ now.milliseconds }
}

extension Instant {
  /// On the monotonic clock.
  var milliseconds: UInt64 { nanoseconds / 1_000_000 }
}
