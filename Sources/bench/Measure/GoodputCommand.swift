// `bench goodput`: how fast a register that comes back after days gets the backlog. The product's
// two ends of the link in virtual time, ticks of a millisecond, on a line at its real speed;
// records come out of a journal that answers 4 ms late.

import ArgumentParser
import Foundation
import Link
import Octets
import Register
import Simulator

struct GoodputCommand: MeasureCommand {
  static let configuration = CommandConfiguration(
    commandName: "goodput", abstract: "A backlog of records on clean and on noisy lines.")
  @OptionGroup var options: MeasureOptions

  static func measure(_ options: MeasureOptions, _ findings: inout Findings) throws {
    let count = options.quick ? 200 : 2_000
    let size = 415
    findings.section("\(count) records of \(size) bytes, as parts of 10 n / baud")
    for baud in [115_200, 921_600] {
      for (errors, words, limit) in [(0, "no errors", 0.92), (1e-4, "one bit in 10,000", 0.80)] {
        let result = try Backlog(count, of: size, baud: baud, bitErrors: errors).run()
        findings.require(
          "\(baud), \(words): frames that counted", result.lineShare, atLeast: limit)
        findings.require("  records alone", result.recordShare, atLeast: 0.80)
        findings.show("  frames put right, of \(count)", "\(result.repaired)")
        let plain = try Backlog(
          count, of: size, baud: baud, bitErrors: errors, takesParity: false
        ).run()
        findings.show(
          "  without parity: frames, records",
          "\(number(plain.lineShare)), \(number(plain.recordShare))")
        let survives = pow(1 - errors, Double(8 * plain.frame))
        findings.show("  at best, when broken frames come again", number(survives))
      }
    }
    try measureParity(size: size, &findings)
  }

  /// What parity costs: the controller adds it within a tick.
  private static func measureParity(size: Int, _ findings: inout Findings) throws {
    var random = SeededRandom(seed: 2)
    let content = (0..<(size + 56)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    var adding = Durations(numberOfSignificantValueDigits: .three)
    var repairing = Durations(numberOfSignificantValueDigits: .three)
    var decoder = RepairingDecoder()
    var frame = WireFrame()
    for _ in 0..<5_000 {
      try encodeFrame(content.span, into: &frame)
      var start = monotonicNow()
      protect(&frame)
      adding.record(since: start)
      for place in 0..<8 { frame[20 + 31 * place] = frame[20 + 31 * place] == 0xAA ? 0x55 : 0xAA }
      for place in 0..<(frame.count - 1) { _ = decoder.feed(frame[place]) }
      start = monotonicNow()
      let isGood = decoder.feed(0)
      repairing.record(since: start)
      guard isGood else { throw KioskFailure("eight wrong bytes were not put right") }
    }
    findings.section("parity of a frame of \(frame.count) bytes")
    findings.show("added", adding.words)
    findings.require(
      "  median", microseconds(adding.valueAtPercentile(50)), atMost: 100, " us")
    findings.show("eight wrong bytes put right", repairing.words)
    findings.require(
      "  median", microseconds(repairing.valueAtPercentile(50)), atMost: 1_000, " us")
  }
}

/// A backlog, the two ends of a line, and the line.
private final class Backlog {
  struct Result {
    /// The frames in which records were accepted, and the records alone, of what the line carries.
    var lineShare: Double
    var recordShare: Double
    /// Bytes of one record's frame.
    var frame: Int
    /// Frames whose wrong bytes the register put right.
    var repaired: UInt64
  }

  private let records: [[UInt8]]
  private var roots: [Digest] = []
  private var outbox: Outbox
  private var link: ControllerLink
  private var register: RegisterSession
  private var toRegister: NoisyLine
  private var toController: NoisyLine
  private var random: SeededRandom
  private var asked: [(index: UInt64, at: Instant)] = []
  private var now = Instant(nanoseconds: 1_000_000_000)
  private let byteTime: Interval
  private var accepted: UInt64 = 0
  private var began: Instant?
  private var frameSize = 0

  init(
    _ count: Int, of size: Int, baud: Int, bitErrors: Double, takesParity: Bool = true
  ) throws {
    var random = SeededRandom(seed: 1)
    var tree = MerkleTree()
    var roots = [tree.root]
    records = (0..<count).map { _ in
      let record = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      tree.append(.leaf(record.span))
      roots.append(tree.root)
      return record
    }
    self.roots = roots
    byteTime = Interval(nanoseconds: 10_000_000_000 / Int64(baud))
    let mine = PairingKeys.random()
    let theirs = PairingKeys.random()
    outbox = Outbox(tree: tree, start: MerkleTree(), oldest: 0, acknowledged: 0)
    link = try ControllerLink(
      secret: Key(copying: mine), register: Key(copying: PairingKeys.point(of: theirs)),
      origin: Self.origin, epoch: 1, byteTime: byteTime, now: now)
    register = try RegisterSession(
      secret: Key(copying: theirs), controller: Key(copying: PairingKeys.point(of: mine)),
      held: nil, byteTime: byteTime, now: now)
    register.takesParity = takesParity
    toRegister = NoisyLine(byteTime: byteTime, bitErrors: bitErrors)
    toController = NoisyLine(byteTime: byteTime, bitErrors: bitErrors)
    self.random = random
  }

  private static var origin: Origin {
    guard let origin = Origin([UInt8](repeating: 7, count: 16).span) else {
      preconditionFailure("16 bytes")
    }
    return origin
  }

  /// Until the register has all of it.
  func run() throws -> Result {
    let limit = now + .seconds(3_600)
    register.tell(unixMilliseconds: 1_800_000_000_000, now: now)
    while accepted < records.count {
      guard now < limit else { throw KioskFailure("no end of the backlog within an hour") }
      now = now + .milliseconds(1)
      runController()
      runRegister()
    }
    let time = Double((now - (began ?? now)).nanoseconds) / Double(byteTime.nanoseconds)
    let size = records.reduce(0) { $0 + $1.count }
    return Result(
      lineShare: Double(frameSize * records.count) / time, recordShare: Double(size) / time,
      frame: frameSize, repaired: register.counts.frames.repaired)
  }

  private func runController() {
    if link.needsEphemeral {
      var key = drawKey()
      link.provideEphemeral(&key)
    }
    while let first = asked.first, first.at <= now {
      asked.removeFirst()
      let record = records[Int(first.index)]
      outbox.provide(first.index, record.span)
    }
    let bytes = toController.take(now: now, &random)
    var offset = 0
    while let event = link.receive(bytes.span, from: &offset, now: now, outbox: &outbox) {
      if case .witness(let size, let root) = event {
        _ = link.judged(size, roots[Int(size)] == root ? .agrees : .differs, now: now)
      }
    }
    var frame = WireFrame()
    if link.nextOutput(now: now, outbox: &outbox, into: &frame) {
      if frame.count > records[0].count {
        began = began ?? now
        frameSize = frame.count
      }
      frame.withBytes { toRegister.send($0, now: now) }
    }
    while let index = outbox.nextMissing(in: link.wanted(end: outbox.next)) {
      asked.append((index, now + .milliseconds(4)))
    }
  }

  private func runRegister() {
    if register.needsEphemeral {
      var key = drawKey()
      register.provideEphemeral(&key)
    }
    let bytes = toRegister.take(now: now, &random)
    var offset = 0
    while let event = register.receive(bytes.span, from: &offset, now: now) {
      if case .record(let index) = event {
        register.acknowledge(index)
        accepted = index + 1
      }
    }
    var frame = WireFrame()
    if register.nextOutput(now: now, into: &frame) {
      frame.withBytes { toController.send($0, now: now) }
    }
  }

  private func drawKey() -> Link.Key {
    Key(copying: (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) })
  }
}

/// One direction of the line.
private struct NoisyLine {
  private let byteTime: Interval
  private let bitErrors: Double
  private var freeAt = Instant(nanoseconds: 0)
  private var underWay: [(arrival: Instant, byte: UInt8)] = []

  init(byteTime: Interval, bitErrors: Double) {
    self.byteTime = byteTime
    self.bitErrors = bitErrors
  }

  mutating func send(_ bytes: Span<UInt8>, now: Instant) {
    for index in bytes.indices {
      freeAt = max(freeAt, now) + byteTime
      underWay.append((freeAt, bytes[index]))
    }
  }

  /// What has arrived, with its errors.
  mutating func take(now: Instant, _ random: inout SeededRandom) -> [UInt8] {
    let count = underWay.firstIndex { $0.arrival > now } ?? underWay.count
    defer { underWay.removeFirst(count) }
    return underWay.prefix(count).map { flight in
      var byte = flight.byte
      for bit in 0..<8 where bitErrors > 0 && random.chance(bitErrors) { byte ^= 1 << UInt8(bit) }
      return byte
    }
  }
}
