// The PN532 itself: found at whatever rate an earlier run left it, raised to the fastest one, set
// up, watched, and found again when it was lost. While it is up it runs one request at a time.

import Octets

public struct PN532: ~Copyable {
  public enum Event: Equatable, Sendable {
    /// The port is to go on at this rate, in bits per second; nothing waits to be sent.
    case setRate(Int)
    /// Set up, field off, ready for requests.
    case cameUp
    /// It does not answer (any more). A request under way is void. It is looked for until found.
    case wentAway
    /// To the request: `withAnswer` shows code and parameters until the next call.
    case answered
  }

  /// Rates of SetSerialBaudRate, in the order of its codes (UM0701-02 section 7.2.10).
  static let rates: [9 of Int] = [
    9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600, 1_288_000,
  ]
  /// The rate after power-up.
  public static let firstRate = 115_200

  private enum Setup: UInt8 {
    /// Is it a PN532?
    case version
    /// SetSerialBaudRate, to be confirmed.
    case rate
    /// Does it answer at the new rate?
    case versionAtRate
    case parameters
    case timings
    case communicationRetries
    case activationRetries
    case fieldOff
  }

  private enum State {
    /// To be looked for with the rate at this place of the order; 9 after all were tried.
    case searching(place: Int)
    /// SAMConfiguration is under way at that rate.
    case knocking(place: Int)
    case settingUp(Setup)
    /// The confirmation leaves at the old rate until then.
    case changingRate(to: Int, at: Instant)
    /// Not found at any rate: the next search.
    case resting(until: Instant)
    case ready(checkAt: Instant)
    /// A version check of a chip that has nothing else to do.
    case checking
    case requested
  }

  /// How often an idle chip is checked.
  static let check = Interval.seconds(2)
  static let rest = Interval.seconds(1)
  /// For commands without radio.
  static let patience = Interval.milliseconds(100)

  private var state = State.searching(place: 0)
  private var line = PN532Line()
  private let fastest: Int
  private var rate = PN532.firstRate
  /// Whether `wentAway` was told since it last was up.
  private var isAwayTold = false
  /// A faster rate did not work: stay with the first one until restarted.
  private var cannotRaise = false

  /// `fastest`: the highest rate that port and wiring can do, one of the chip's.
  public init(fastest: Int) { self.fastest = fastest }

  public var isUp: Bool {
    switch state {
    case .ready, .requested, .checking: true
    case .searching, .knocking, .settingUp, .changingRate, .resting: false
    }
  }

  public var isReady: Bool { if case .ready = state { true } else { false } }

  public mutating func wipe() { line.wipe() }

  /// The port was lost or is fresh: everything is found out anew.
  public mutating func restart() {
    line.wipe()
    isAwayTold = false
    state = .searching(place: 0)
  }

  /// Sends `content`: command code and parameters; the chip must be ready. `isOnce`: not to be
  /// carried out twice.
  public mutating func request(
    _ content: Span<UInt8>, patience: Interval, isOnce: Bool = false, now: Instant
  ) {
    precondition(isReady, "the caller asks first")
    line.start(content, patience: patience, isOnce: isOnce, now: now)
    state = .requested
  }

  public borrowing func withAnswer<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try line.withAnswer(body)
  }

  public borrowing func withOutput<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try line.withOutput(body)
  }

  /// The port has taken the first `count` bytes of the output.
  public mutating func sent(_ count: Int, now: Instant) { line.sent(count, now: now) }

  /// Takes bytes from `offset` on, up to the first that leads to an event.
  public mutating func receive(
    _ bytes: Span<UInt8>, from offset: inout Int, now: Instant
  ) -> Event? {
    while offset < bytes.count {
      offset += 1
      if let event = line.receive(bytes[offset - 1], now: now) {
        if let event = take(event, now: now) { return event }
      }
    }
    return nil
  }

  /// What time brings. To be called until it returns nil, after all bytes were taken.
  public mutating func tick(now: Instant) -> Event? {
    if let event = line.tick(now: now) {
      if let event = take(event, now: now) { return event }
    }
    switch state {
    case .searching(let place): return search(place, now: now)
    case .changingRate(let rate, let at):
      guard now >= at, !line.hasOutput else { return nil }
      use(rate)
      setUp(.versionAtRate, now: now)
      return .setRate(rate)
    case .resting(let until):
      if now >= until { state = .searching(place: 0) }
      return nil
    case .ready(let checkAt):
      guard now >= checkAt else { return nil }
      send(0x02, now: now)
      state = .checking
      return nil
    case .knocking, .settingUp, .checking, .requested: return nil
    }
  }

  private mutating func use(_ rate: Int) {
    self.rate = rate
    // Ten bits to a byte.
    line.byteTime = Interval(nanoseconds: 10_000_000_000 / Int64(rate))
  }

  // MARK: Finding it

  /// The first rate after power-up, then the one we leave it at, then all others.
  private func rate(at place: Int) -> Int? {
    switch place {
    case 0: Self.firstRate
    case 1: fastest
    default: place - 2 < 9 ? Self.rates[place - 2] : nil
    }
  }

  private mutating func search(_ place: Int, now: Instant) -> Event? {
    guard let next = rate(at: place) else {
      state = .resting(until: now + Self.rest)
      return away()
    }
    if place > 0, next == rate(at: 0) || place > 1 && next == rate(at: 1) {
      state = .searching(place: place + 1)
      return search(place + 1, now: now)
    }
    use(next)
    // SAMConfiguration: normal mode, no security module (UM0701-02 section 7.2.10).
    let content: [2 of UInt8] = [0x14, 0x01]
    line.start(content.span, patience: Self.patience, wakes: true, now: now)
    state = .knocking(place: place)
    return .setRate(next)
  }

  private mutating func away() -> Event? {
    guard !isAwayTold else { return nil }
    isAwayTold = true
    return .wentAway
  }

  // MARK: Setting it up

  private mutating func send(_ code: UInt8, now: Instant) {
    let content: [1 of UInt8] = [code]
    line.start(content.span, patience: Self.patience, now: now)
  }

  private mutating func send<let size: Int>(_ content: [size of UInt8], now: Instant) {
    line.start(content.span, patience: Self.patience, now: now)
  }

  private mutating func setUp(_ step: Setup, now: Instant) {
    state = .settingUp(step)
    switch step {
    case .version, .versionAtRate: send(0x02, now: now)
    case .rate: send([0x10, code(of: fastest)], now: now)
    // Automatic ATR_RES and automatic RATS: cards come out of the list ready for APDUs.
    case .parameters: send([0x12, 0x14], now: now)
    // ATR_RES within 102.4 ms, other answers within 409.6 ms.
    case .timings: send([0x32, 0x02, 0x00, 0x0B, 0x0D], now: now)
    case .communicationRetries: send([0x32, 0x04, 0x02], now: now)
    // Never forever: an activation is tried twice, then the list is empty.
    case .activationRetries: send([0x32, 0x05, 0x00, 0x00, 0x01], now: now)
    case .fieldOff: send([0x32, 0x01, 0x00], now: now)
    }
  }

  private func code(of rate: Int) -> UInt8 {
    for index in 0..<9 where Self.rates[index] == rate { return UInt8(index) }
    preconditionFailure("the profile takes the chip's rates only")
  }

  private mutating func advance(from step: Setup, now: Instant) -> Event? {
    switch step {
    case .version:
      guard isPN532() else { return lose(now: now) }
      setUp(rate == fastest || cannotRaise ? .parameters : .rate, now: now)
    case .rate:
      // The chip waits for this and then changes; so do we when it is out (section 7.2.10).
      line.acknowledge()
      let wire = Interval(nanoseconds: line.byteTime.nanoseconds * 6)
      state = .changingRate(to: fastest, at: now + wire + .milliseconds(3))
    case .versionAtRate: setUp(.parameters, now: now)
    case .parameters: setUp(.timings, now: now)
    case .timings: setUp(.communicationRetries, now: now)
    case .communicationRetries: setUp(.activationRetries, now: now)
    case .activationRetries: setUp(.fieldOff, now: now)
    case .fieldOff:
      state = .ready(checkAt: now + Self.check)
      isAwayTold = false
      return .cameUp
    }
    return nil
  }

  /// IC code 32 of GetFirmwareVersion's answer.
  private func isPN532() -> Bool { line.withAnswer { $0.count == 5 && $0[1] == 0x32 } }

  // MARK: What the line brings

  private mutating func take(_ event: PN532Line.Event, now: Instant) -> Event? {
    switch state {
    case .knocking(let place):
      // Whatever it says, it understood: it is there, at this rate.
      if event == .answered || event == .syntaxError {
        setUp(.version, now: now)
      } else {
        state = .searching(place: place + 1)
      }
      return nil
    case .settingUp(let step):
      if event == .answered { return advance(from: step, now: now) }
      if step == .rate || step == .versionAtRate { cannotRaise = true }
      return lose(now: now)
    case .checking:
      guard event == .answered else { return lose(now: now) }
      state = .ready(checkAt: now + Self.check)
      return nil
    case .requested:
      guard event == .answered else { return lose(now: now) }
      state = .ready(checkAt: now + Self.check)
      return .answered
    case .searching, .changingRate, .resting, .ready: return nil
    }
  }

  private mutating func lose(now: Instant) -> Event? {
    state = .searching(place: 0)
    return away()
  }
}
