// A PN532 on a serial line, with cards before it: the bytes a host sends go in, the bytes the chip
// answers come out with the time of each. It knows none of the reader's code: what it says is what
// the user manual says (NXP UM0701-02), and libnfc and nfcpy judge it.

import Octets

/// What goes wrong on the line, each with a probability for each frame.
public struct ChipFaults: Sendable, BitwiseCopyable {
  /// The chip's ACK is lost.
  public var lostACK = 0.0
  /// The host's command is lost.
  public var lostCommand = 0.0
  /// One byte of the chip's frame is changed.
  public var changedByte = 0.0
  /// Garbage stands before the chip's frame.
  public var garbage = 0.0
  /// The chip's answer is lost.
  public var lostAnswer = 0.0
  /// The chip loses its power for a moment instead of answering.
  public var reset = 0.0
  public var seed: UInt64 = 1

  public init() {}
}

public struct VirtualPN532: Sendable {
  /// Before the antenna, in the order in which they are found.
  public var cards: [VirtualCard] = []
  public var faults = ChipFaults() { didSet { random = SeededRandom(seed: faults.seed) } }
  /// Without power nothing is heard or said.
  public var isPowered = true { didSet { if !isPowered { powerUp() } } }
  /// Bits per second; it survives the host's restart.
  public internal(set) var rate = 115_200
  /// Time spent by the cards and on the air, and bytes on the wire in both directions.
  public internal(set) var radioTime = Interval(nanoseconds: 0)
  public internal(set) var cardTime = Interval(nanoseconds: 0)
  public internal(set) var wireBytes = 0

  var random = SeededRandom(seed: 1)
  private var host = HostFrames()
  /// Bytes on their way to the host.
  private var output: [(byte: UInt8, due: Instant)] = []
  /// When the line to the host is free again.
  private var lineFree = Instant(nanoseconds: 0)
  private var lastAnswer: [UInt8] = []
  /// A command that takes its time.
  private var job: (command: [UInt8], due: Instant)?
  var pendingRate: Int?
  var registers = [UInt8](repeating: 0, count: 0x10000)
  /// Cards that were listed, as places in `cards`, and are activated for ISO-DEP.
  var listed: [Int] = []
  var retries: UInt8 = 0xFF
  /// SetParameters: bit 4, RATS is done when a card is listed.
  var parameters: UInt8 = 0x14
  var rest: [UInt8] = []

  public init() {}

  var byteTime: Interval { Interval(nanoseconds: 10_000_000_000 / Int64(rate)) }

  private mutating func powerUp() {
    rate = 115_200
    output = []
    lastAnswer = []
    job = nil
    pendingRate = nil
    listed = []
    retries = 0xFF
    parameters = 0x14
    rest = []
  }

  // MARK: The line

  /// A byte from the host, which sent it at `hostRate`: noise at another rate than the chip's.
  public mutating func receive(_ byte: UInt8, at now: Instant, hostRate: Int? = nil) {
    guard isPowered, hostRate ?? rate == rate else { return }
    wireBytes += 1
    guard let frame = host.feed(byte) else { return }
    switch frame {
    case .ack: takeACK()
    case .nack: if job == nil, !lastAnswer.isEmpty { say(lastAnswer, after: now) }
    case .command(let command):
      guard !random.chance(faults.lostCommand) else { return }
      take(command, at: now)
    case .damaged: break
    }
  }

  /// The next byte that has left the chip by `now`.
  public mutating func transmit(at now: Instant) -> UInt8? {
    work(until: now)
    guard let first = output.first, first.due <= now else { return nil }
    output.removeFirst()
    wireBytes += 1
    return first.byte
  }

  /// When there is something to do next.
  public var nextDue: Instant? {
    let byte = output.first?.due
    guard let job else { return byte }
    return byte.map { min($0, job.due) } ?? job.due
  }

  /// An ACK abandons the command under way, or confirms a new rate.
  private mutating func takeACK() {
    job = nil
    output = []
    if let pendingRate {
      rate = pendingRate
      self.pendingRate = nil
    }
  }

  private mutating func take(_ command: [UInt8], at now: Instant) {
    pendingRate = nil
    output = []
    if !random.chance(faults.lostACK) { put([0, 0, 0xFF, 0, 0xFF, 0], after: now) }
    job = (command, now + start(command))
  }

  private mutating func work(until now: Instant) {
    guard let job, job.due <= now else { return }
    self.job = nil
    if random.chance(faults.reset) { return powerUp() }
    guard let answer = finish(job.command) else { return say(Self.syntaxError, after: job.due) }
    lastAnswer = Self.frame(answer)
    if !random.chance(faults.lostAnswer) { say(lastAnswer, after: job.due) }
  }

  private static let syntaxError: [UInt8] = [0, 0, 0xFF, 0x01, 0xFF, 0x7F, 0x81, 0]

  private mutating func say(_ frame: [UInt8], after now: Instant) {
    if random.chance(faults.garbage) {
      let length = 1 + random.below(6)
      put((0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }, after: now)
    }
    var frame = frame
    if random.chance(faults.changedByte) {
      frame[3 + random.below(frame.count - 4)] ^= UInt8(1 + random.below(255))
    }
    put(frame, after: now)
  }

  private mutating func put(_ bytes: [UInt8], after now: Instant) {
    lineFree = max(lineFree, now)
    for byte in bytes {
      lineFree = lineFree + byteTime
      output.append((byte, lineFree))
    }
  }

  /// An answer as a frame: normal, or extended above 254 bytes.
  static func frame(_ content: [UInt8]) -> [UInt8] {
    let body = [0xD5] + content
    let (high, low) = (UInt8(body.count >> 8), UInt8(body.count & 0xFF))
    let head = body.count < 256 ? [low, 0 &- low] : [0xFF, 0xFF, high, low, 0 &- (high &+ low)]
    return [0, 0, 0xFF] + head + body + [0 &- body.reduce(0, &+), 0]
  }
}

/// Finds a host's frames: by their whole length, each beginning at a start code.
struct HostFrames: Sendable {
  enum Found {
    case ack
    case nack
    case command([UInt8])
    case damaged
  }

  /// From `00 FF` on.
  private var bytes: [UInt8] = []

  mutating func feed(_ byte: UInt8) -> Found? {
    bytes.append(byte)
    if bytes.count == 1, byte != 0 { bytes = [] }
    if bytes.count == 2, byte != 0xFF { bytes = byte == 0 ? [0] : [] }
    guard bytes.count >= 4 else { return nil }
    switch (bytes[2], bytes[3]) {
    case (0x00, 0xFF): return end(.ack)
    case (0xFF, 0x00): return end(.nack)
    case (0xFF, 0xFF):
      guard bytes.count >= 7 else { return nil }
      guard bytes[4] &+ bytes[5] &+ bytes[6] == 0 else { return end(.damaged) }
      return whole(from: 7, Int(bytes[4]) << 8 | Int(bytes[5]))
    case (let length, let check):
      guard length &+ check == 0 else { return end(.damaged) }
      return whole(from: 4, Int(length))
    }
  }

  private mutating func whole(from start: Int, _ length: Int) -> Found? {
    guard length > 1, length <= 265 else { return end(.damaged) }
    guard bytes.count > start + length else { return nil }
    let body = Array(bytes[start...])
    guard body.reduce(0, &+) == 0, body[0] == 0xD4 else { return end(.damaged) }
    return end(.command(Array(body[1..<length])))
  }

  private mutating func end(_ found: Found) -> Found {
    bytes = []
    return found
  }
}
