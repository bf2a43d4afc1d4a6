// How the controller fares: counts since its start, of what it can count itself and nothing else.

import Octets

/// How the reader of one method fares.
public struct ReaderHealth: Equatable, Sendable {
  /// Reasons that are told apart.
  public static let reasons = 6

  public var method: Method
  /// Cards that were read and sealed.
  public var reads: UInt64 = 0
  /// Cards that came when none was awaited.
  public var ignored: UInt64 = 0
  private var failures = InlineArray<6, Failures>(repeating: Failures())
  /// Failures for other reasons than those.
  public private(set) var otherFailures: UInt64 = 0

  private struct Failures: Equatable {
    var reason = Reason.none
    var count: UInt64 = 0
  }

  public init(_ method: Method) { self.method = method }

  /// How often a card could not be taken for this reason, if it is one of those told apart.
  public func failures(_ reason: Reason) -> UInt64 {
    for index in 0..<Self.reasons where failures[index].reason == reason {
      return failures[index].count
    }
    return 0
  }

  public var allFailures: UInt64 {
    var sum = otherFailures
    for index in 0..<Self.reasons { sum &+= failures[index].count }
    return sum
  }

  public mutating func noteFailure(_ reason: Reason) {
    for index in 0..<Self.reasons {
      guard failures[index].count == 0 || failures[index].reason == reason else { continue }
      failures[index].reason = reason
      failures[index].count &+= 1
      return
    }
    otherFailures &+= 1
  }

  public static func == (left: ReaderHealth, right: ReaderHealth) -> Bool {
    for index in 0..<reasons where left.failures[index] != right.failures[index] { return false }
    return left.method == right.method && left.reads == right.reads
      && left.ignored == right.ignored && left.otherFailures == right.otherFailures
  }
}

/// The answer to `diagnosis-request`.
public struct Diagnosis: Equatable, Sendable {
  /// On the controller's monotonic clock.
  public var uptimeMilliseconds: UInt64 = 0
  public var epoch: UInt64 = 0
  /// Methods there are readers for, and those of which the reader answers.
  public var supported = Methods.none
  public var ready = Methods.none
  /// Records that left in their slot …
  public var releases: UInt64 = 0
  /// … of these late …
  public var lateReleases: UInt64 = 0
  /// … and those that could not: no session, or older ones first.
  public var waits: UInt64 = 0
  /// Times the capture lost edges.
  public var captureGaps: UInt64 = 0
  /// Records that the register has not acknowledged.
  public var unacknowledged: UInt64 = 0
  public var line = LineHealth()
  public var magneticStripe = ReaderHealth(.magneticStripe)
  public var contactless = ReaderHealth(.contactless)
  public var walletCode = ReaderHealth(.walletCode)

  public init() {}

  public subscript(method: Method) -> ReaderHealth {
    get {
      switch method {
      case .magneticStripe: magneticStripe
      case .contactless: contactless
      case .walletCode: walletCode
      }
    }
    set {
      switch method {
      case .magneticStripe: magneticStripe = newValue
      case .contactless: contactless = newValue
      case .walletCode: walletCode = newValue
      }
    }
  }
}

/// What the register's line did to frames and messages.
public struct LineHealth: Equatable, Sendable, BitwiseCopyable {
  public var frames: UInt64 = 0
  /// Frames that noise broke.
  public var noise: UInt64 = 0
  public var sessions: UInt64 = 0
  /// An alarm: a good checksum and a wrong tag.
  public var forged: UInt64 = 0
  public var replayed: UInt64 = 0
  public var malformed: UInt64 = 0
  /// Messages that were not sent: no session, or too many at once.
  public var dropped: UInt64 = 0
  /// Records sent again.
  public var repeats: UInt64 = 0

  public init() {}

  public init(_ counts: LinkCounts) {
    frames = counts.frames.good
    noise = counts.frames.noise
    sessions = counts.sessions.sessions
    forged = counts.sessions.forged
    replayed = counts.sessions.replayed
    malformed = counts.malformed
    dropped = counts.dropped
    repeats = counts.repeats
  }

  fileprivate func numbers() -> [8 of UInt64] {
    [frames, noise, sessions, forged, replayed, malformed, dropped, repeats]
  }

  fileprivate init(_ numbers: [8 of UInt64]) {
    frames = numbers[0]
    noise = numbers[1]
    sessions = numbers[2]
    forged = numbers[3]
    replayed = numbers[4]
    malformed = numbers[5]
    dropped = numbers[6]
    repeats = numbers[7]
  }
}

// MARK: CBOR

extension Diagnosis {
  func encode<let capacity: Int>(into bytes: inout Bytes<capacity>) throws(Overflow) {
    try bytes.begin(.diagnosis, 8)
    try bytes.field(1, uptimeMilliseconds)
    try bytes.field(2, epoch)
    try bytes.field(3, UInt64(supported.rawValue), UInt64(ready.rawValue))
    try bytes.appendCBOR(unsigned: 4)
    try bytes.appendCBOR(array: 3)
    try bytes.appendCBOR(unsigned: releases)
    try bytes.appendCBOR(unsigned: lateReleases)
    try bytes.appendCBOR(unsigned: waits)
    try bytes.field(5, captureGaps)
    try bytes.field(6, unacknowledged)
    try bytes.appendCBOR(unsigned: 7)
    try bytes.appendCBOR(array: 8)
    let line = line.numbers()
    for index in line.indices { try bytes.appendCBOR(unsigned: line[index]) }
    try bytes.appendCBOR(unsigned: 8)
    try bytes.appendCBOR(array: 3)
    try magneticStripe.encode(into: &bytes)
    try contactless.encode(into: &bytes)
    try walletCode.encode(into: &bytes)
  }

  init(_ reader: inout MessageReader) throws(MessageError) {
    self.init()
    var seen = 0
    while let key = try reader.next() {
      switch key {
      case 1: uptimeMilliseconds = try reader.unsigned()
      case 2: epoch = try reader.unsigned()
      case 3:
        _ = try reader.array(2...2)
        supported = Methods(rawValue: UInt16(try reader.unsigned(0...0xFFFF)))
        ready = Methods(rawValue: UInt16(try reader.unsigned(0...0xFFFF)))
      case 4:
        _ = try reader.array(3...3)
        releases = try reader.unsigned()
        lateReleases = try reader.unsigned()
        waits = try reader.unsigned()
      case 5: captureGaps = try reader.unsigned()
      case 6: unacknowledged = try reader.unsigned()
      case 7:
        var numbers = [8 of UInt64](repeating: 0)
        for index in 0..<(try reader.array(8...8)) { numbers[index] = try reader.unsigned() }
        line = LineHealth(numbers)
      case 8: try readReaders(&reader)
      default:
        try reader.skip()
        continue
      }
      seen |= 1 << key
    }
    for key in 1...8 where seen >> key & 1 == 0 { throw .missing(key: key) }
  }

  private mutating func readReaders(_ reader: inout MessageReader) throws(MessageError) {
    _ = try reader.array(3...3)
    magneticStripe = try ReaderHealth(&reader, .magneticStripe)
    contactless = try ReaderHealth(&reader, .contactless)
    walletCode = try ReaderHealth(&reader, .walletCode)
  }
}

extension ReaderHealth {
  fileprivate func encode<let capacity: Int>(
    into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    try bytes.appendCBOR(array: 5)
    try bytes.appendCBOR(unsigned: UInt64(method.rawValue))
    try bytes.appendCBOR(unsigned: reads)
    try bytes.appendCBOR(unsigned: ignored)
    var count = 0
    while count < Self.reasons, failures[count].count > 0 { count += 1 }
    try bytes.appendCBOR(array: count)
    for index in 0..<count {
      try bytes.appendCBOR(array: 2)
      try bytes.appendCBOR(unsigned: UInt64(failures[index].reason.rawValue))
      try bytes.appendCBOR(unsigned: failures[index].count)
    }
    try bytes.appendCBOR(unsigned: otherFailures)
  }

  fileprivate init(_ reader: inout MessageReader, _ method: Method) throws(MessageError) {
    self.init(method)
    _ = try reader.array(5...5)
    let number = UInt64(method.rawValue)
    _ = try reader.unsigned(number...number)
    reads = try reader.unsigned()
    ignored = try reader.unsigned()
    for index in 0..<(try reader.array(0...Self.reasons)) {
      _ = try reader.array(2...2)
      failures[index].reason = Reason(rawValue: try reader.byte())
      failures[index].count = try reader.unsigned(1...UInt64.max)
    }
    otherFailures = try reader.unsigned()
  }
}
