// One command at a time on the PN532's line: acknowledged, answered, repeated within limits. The
// clock starts when the port has taken the last byte and counts the time on the wire.

import Octets

/// How often and how long the line tries (UM0701-02 section 6.2.1; the chip acknowledges at once).
enum PN532Limits {
  /// Within which a command is acknowledged.
  static let acknowledgement = Interval.milliseconds(15)
  /// The same for a command that must not be carried out twice: only its acknowledgement may have
  /// been lost, so there is time for the answer itself.
  static let acknowledgementOnce = Interval.milliseconds(120)
  /// Times that a command is sent.
  static let tries = 3
  /// Times that an answer is asked for again.
  static let repeats = 3
  /// Within which the chip repeats an answer.
  static let repetition = Interval.milliseconds(50)
  /// A frame whose bytes stop for so long has lost some.
  static let gap = Interval.milliseconds(20)
  /// Within which the port takes a whole frame, even at 9,600 bit/s.
  static let handover = Interval.milliseconds(600)
}

struct PN532Line: ~Copyable {
  enum Event: Equatable {
    /// `withAnswer` shows the content until the next byte is taken.
    case answered
    /// The chip acknowledged nothing.
    case silent
    /// Acknowledged, but no whole answer came.
    case unanswered
    case syntaxError
  }

  struct Command {
    /// The answer's code is one above.
    var code: UInt8
    /// From the acknowledgement to the answer.
    var patience: Interval
    /// Whether carrying it out twice would do harm.
    var isOnce: Bool
    /// Begins with the wake-up sequence.
    var wakes: Bool
    var triesLeft = PN532Limits.tries
    var repeatsLeft = PN532Limits.repeats
  }

  private enum State {
    case idle
    /// The port has not taken all of it.
    case sending(Command, until: Instant)
    case acknowledging(Command, until: Instant)
    case answering(Command, until: Instant)
  }

  private var state = State.idle
  private var receiver = PN532Receiver()
  private var lastByte = Instant(nanoseconds: 0)
  /// The command's frame, kept for repetition.
  private var frame = PN532Wire()
  /// What the port has yet to take.
  private var output = Bytes<340>()
  /// Time of a byte on the wire.
  var byteTime = Interval(nanoseconds: 86_806)

  init() {}

  var isIdle: Bool { if case .idle = state { true } else { false } }

  borrowing func withAnswer<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try receiver.withContent(body)
  }

  /// Wipes what was received and sent, which may be card data.
  mutating func wipe() {
    receiver.reset()
    frame.wipe()
    output.wipe()
    state = .idle
  }

  // MARK: Sending

  /// Sends `content`: command code and parameters. Whatever was under way is forgotten.
  mutating func start(
    _ content: Span<UInt8>, patience: Interval, isOnce: Bool = false, wakes: Bool = false,
    now: Instant
  ) {
    precondition(!content.isEmpty && content.count <= 264, "our own commands fit")
    let command = Command(
      code: content[0], patience: patience, isOnce: isOnce, wakes: wakes)
    do { try PN532Frame.encode(content, into: &frame) } catch {
      preconditionFailure("a frame of 264 bytes fits")
    }
    receiver.reset()
    send(command, now: now)
  }

  private mutating func send(_ command: Command, now: Instant) {
    var command = command
    command.triesLeft -= 1
    output.removeAll()
    do throws(Overflow) {
      if command.wakes { try appendWakeUp() }
      try frame.withBytes { (bytes) throws(Overflow) in try output.append(bytes) }
    } catch { preconditionFailure("a frame and a wake-up fit") }
    state = .sending(command, until: now + PN532Limits.handover)
  }

  /// An ACK ends a command that an earlier run left behind; 55 and zeros wake the chip up and give
  /// it time to (UM0701-02 section 7.2.11).
  private mutating func appendWakeUp() throws(Overflow) {
    try PN532Frame.appendACK(to: &output)
    try output.append(bigEndian: UInt16(0x5555))
    for _ in 0..<14 { try output.append(0) }
  }

  /// Sends an ACK: abandons the command that runs, or confirms a new rate.
  mutating func acknowledge() {
    output.removeAll()
    do { try PN532Frame.appendACK(to: &output) } catch { preconditionFailure("six bytes fit") }
    state = .idle
  }

  borrowing func withOutput<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try output.withBytes(body)
  }

  var hasOutput: Bool { !output.isEmpty }

  /// The port has taken the first `count` bytes of the output.
  mutating func sent(_ count: Int, now: Instant) {
    guard count > 0 else { return }
    output.removeFirst(min(count, output.count))
    guard output.isEmpty, case .sending(let command, _) = state else { return }
    let wire = Interval(nanoseconds: byteTime.nanoseconds * Int64(frame.count + 22))
    let patience =
      command.isOnce ? PN532Limits.acknowledgementOnce : PN532Limits.acknowledgement
    state = .acknowledging(command, until: now + wire + patience)
  }

  // MARK: Receiving

  mutating func receive(_ byte: UInt8, now: Instant) -> Event? {
    lastByte = now
    guard let found = receiver.feed(byte) else { return nil }
    switch state {
    case .idle, .sending: return nil
    case .acknowledging(let command, _):
      switch found {
      case .ack: state = .answering(command, until: now + command.patience)
      // The acknowledgement was lost, the answer was not.
      case .answer where isAnswer(to: command): return end(.answered)
      case .syntaxError: return end(.syntaxError)
      case .nack: return repeatCommand(command, now: now)
      case .answer, .damaged: break
      }
    case .answering(let command, _):
      switch found {
      case .answer where isAnswer(to: command): return end(.answered)
      case .syntaxError: return end(.syntaxError)
      case .damaged: return askAgain(command, now: now)
      case .ack, .nack, .answer: break
      }
    }
    return nil
  }

  private func isAnswer(to command: Command) -> Bool {
    receiver.withContent { $0[0] == command.code &+ 1 }
  }

  private mutating func end(_ event: Event) -> Event {
    state = .idle
    return event
  }

  // MARK: Time

  mutating func tick(now: Instant) -> Event? {
    switch state {
    case .idle: return nil
    case .sending(_, let until): return now >= until ? end(.silent) : nil
    case .acknowledging(let command, let until):
      return now >= until ? repeatCommand(command, now: now) : nil
    case .answering(let command, let until):
      let isCut = receiver.isInFrame && now - lastByte >= PN532Limits.gap
      return isCut || now >= until ? askAgain(command, now: now) : nil
    }
  }

  private mutating func repeatCommand(_ command: Command, now: Instant) -> Event? {
    guard command.triesLeft > 0 else { return end(.silent) }
    receiver.reset()
    send(command, now: now)
    return nil
  }

  private mutating func askAgain(_ command: Command, now: Instant) -> Event? {
    guard command.repeatsLeft > 0 else {
      acknowledge()
      return .unanswered
    }
    var command = command
    command.repeatsLeft -= 1
    receiver.reset()
    output.removeAll()
    do { try PN532Frame.appendNACK(to: &output) } catch { preconditionFailure("six bytes fit") }
    state = .answering(command, until: now + PN532Limits.repetition)
    return nil
  }
}
