// The terms of a session: limits, frame types, what is counted, what is reported.

import Octets

/// First byte of a frame's content.
enum FrameType: UInt8 {
  case hello = 1
  case request = 2
  case answer = 3
  case transport = 4
}

public enum SessionLimits {
  /// Registers that may be paired with a controller. One of them has the session.
  public static let peers = 8
  /// After this age or number of frames in one direction the register starts a new handshake …
  public static let age = Interval.seconds(24 * 3600)
  public static let frames: UInt64 = 1 << 20
  /// … and after these neither side uses the session's keys, whatever holds the handshake up.
  public static let lastAge = Interval.seconds(48 * 3600)
  public static let lastFrames: UInt64 = 1 << 21
  /// A request is repeated after this, doubled each time up to `longestRetry`.
  static let firstRetry = Interval.milliseconds(500)
  static let longestRetry = Interval.seconds(5)
  /// The controller answers a new request at most once in this time …
  static let betweenAnswers = Interval.seconds(1)
  /// … and repeats its answer to the same request at most once in this time.
  static let betweenRepeats = Interval.milliseconds(100)
  /// A controller without a session says hello this often.
  static let betweenHellos = Interval.seconds(1)
  /// The register heeds a hello at most once in this time.
  static let betweenHints = Interval.seconds(2)
  /// A new session that the register has heard nothing under for this long is given up.
  static let proof = Interval.seconds(3)
}

/// Fixed bytes both sides mix into the handshake: protocol and version.
let sessionPrologue: StaticString = "tillgate link 1"
/// The protocol's version as a hello states it.
public let linkVersion: UInt8 = 1

public struct SessionCounts: Equatable, Sendable {
  /// Sessions that came about.
  public var sessions: UInt64 = 0
  /// A good checksum and a wrong tag or point: somebody else's work, or the wrong keys. An alarm.
  public var forged: UInt64 = 0
  /// A transport frame or handshake request that was seen before.
  public var replayed: UInt64 = 0
  /// A transport frame of a session that is not held (the other side lost power, or we did).
  public var unknownSession: UInt64 = 0
  /// Frames that make no sense in this role and state: unknown type, wrong size, late answers.
  public var stray: UInt64 = 0
  /// Handshake requests and hellos that came too soon after the one before.
  public var tooSoon: UInt64 = 0

  public init() {}
}

public enum KeyError: Error, Equatable {
  /// A key is not 32 bytes.
  case size
  /// The peer's public key is a point of low order: anybody would know the secret.
  case lowOrder
  /// `SessionLimits.peers` are pinned already.
  case tooMany
}

public enum SessionEvent: Equatable, Sendable {
  case nothing
  /// A handshake is complete; the register must now be the first to send under it.
  case established
  /// An authentic message was put into the caller's buffer; `isFirst` when it is the first of a
  /// new session, which is the session from here on.
  case message(isFirst: Bool)
}
