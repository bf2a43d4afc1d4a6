// The terminal's end of Concert's protocol E: a conversation of single characters around two
// frames. For tills that speak it; the link is neither encrypted nor authenticated, and no card
// data goes over it but a masked number.

import Octets

/// One request at a time, from the till's enquiry to the acknowledged answer.
public struct ConcertTerminal: ~Copyable {
  public enum Event: Equatable {
    /// The till asks for a payment: to be answered by `answer`, unless it does not wait.
    case requested(ConcertRequest)
    /// The till asked for what the adapter does not do, and is being told so.
    case refused(ConcertRequest.Objection)
    /// The till has the answer.
    case answered
    /// The till did not take the answer, however often it was offered.
    case unanswered
  }

  private enum State {
    case idle
    /// The till was told to go on; its frame has not begun.
    case invited(until: Instant)
    /// The frame's characters are being collected.
    case receiving(until: Instant)
    /// ETX came, the checksum is next.
    case checking(until: Instant)
    /// The frame was taken; the till's EOT is next.
    case closing(until: Instant)
    /// A payment runs.
    case busy(ConcertRequest)
    /// The till was asked to take the answer.
    case offering(tries: Int, until: Instant)
    /// The answer was sent, its acknowledgement is next.
    case delivering(tries: Int, until: Instant)
  }

  /// How long the till may take for its next character.
  static let patience = Interval.seconds(2)
  /// How often an answer is offered or sent.
  static let mostTries = 3

  private let parity: ConcertParity
  private var state = State.idle
  private var frame = Bytes<34>()
  private var checksum = Checksum()
  /// What the frame asked for, until EOT confirms it.
  private var request: ConcertRequest?
  private var answer = Bytes<83>()
  private var output = Bytes<96>()

  public init(parity: ConcertParity = .none) { self.parity = parity }

  /// Whether a request waits for `answer`.
  public var isBusy: Bool { if case .busy = state { true } else { false } }

  /// The port has come or gone: whatever was half said is void. A payment that runs goes on, but
  /// its till is not there to hear of it.
  public mutating func restart() {
    state = .idle
    request = nil
    frame.removeAll()
    output.removeAll()
  }

  /// Takes bytes from `offset` on, up to the next event.
  public mutating func receive(
    _ bytes: Span<UInt8>, from offset: inout Int, now: Instant
  ) -> Event? {
    while offset < bytes.count {
      // What came damaged is a character that no field has: the till is asked again.
      let byte = parity.character(bytes[offset]) ?? 0
      offset += 1
      if let event = take(byte, now: now) { return event }
    }
    return nil
  }

  /// Lets time-outs pass. To be called once a tick.
  public mutating func tick(now: Instant) -> Event? {
    switch state {
    case .idle, .busy: return nil
    case .invited(let until), .receiving(let until), .checking(let until), .closing(let until):
      if now >= until { state = .idle }
      return nil
    case .offering(let tries, let until), .delivering(let tries, let until):
      return now >= until ? offer(tries: tries + 1, now: now) : nil
    }
  }

  /// Answers the request that runs. `report` is what the till may know of the card.
  public mutating func answer(_ result: ConcertResult, report: Span<UInt8>, now: Instant) {
    guard case .busy(let request) = state else { return }
    prepare(ConcertAnswer(to: request, result, report: report))
    _ = offer(tries: 1, now: now)
  }

  /// Shows what is to be sent now.
  public borrowing func withOutput<R>(_ body: (Span<UInt8>) -> R) -> R { output.withBytes(body) }

  /// The port took the first `count` bytes of the output.
  public mutating func sent(_ count: Int) { output.removeFirst(count) }
}

// MARK: The till's characters

extension ConcertTerminal {
  private mutating func take(_ byte: UInt8, now: Instant) -> Event? {
    switch state {
    case .idle: if byte == Control.enquiry { invite(now: now) }
    case .invited, .receiving, .checking, .closing: return collect(byte, now: now)
    case .busy: if byte == Control.enquiry { say(Control.refuse) }
    case .offering(let tries, _):
      if byte == Control.acknowledge {
        deliver(tries: tries, now: now)
      } else if byte == Control.enquiry {
        // Both asked at once: the till, whose question came first, has to wait for its answer.
        say(Control.refuse)
      }
    case .delivering(let tries, _):
      if byte == Control.acknowledge {
        say(Control.endOfTransmission)
        state = .idle
        return .answered
      }
      if byte == Control.refuse { return deliverAgain(tries: tries + 1, now: now) }
    }
    return nil
  }

  private mutating func invite(now: Instant) {
    say(Control.acknowledge)
    frame.removeAll()
    request = nil
    state = .invited(until: now + Self.patience)
  }

  private mutating func collect(_ byte: UInt8, now: Instant) -> Event? {
    let until = now + Self.patience
    switch state {
    case .invited:
      if byte == Control.startOfText {
        frame.removeAll()
        checksum = Checksum()
        state = .receiving(until: until)
      } else if byte == Control.enquiry {
        invite(now: now)
      } else {
        // Noise before a frame is passed over; EOT is the till that thought better of it.
        if byte == Control.endOfTransmission { state = .idle }
      }
    case .receiving:
      checksum.update(byte)
      if byte == Control.endOfText {
        state = .checking(until: until)
      } else {
        do { try frame.append(byte) } catch { refuse(until) }
      }
    case .checking:
      if byte == checksum.value { read(until) } else { refuse(until) }
    case .closing:
      if byte == Control.endOfTransmission { return close(now: now) }
      if byte == Control.enquiry { invite(now: now) }
    case .idle, .busy, .offering, .delivering: break
    }
    return nil
  }

  /// The till sends the frame again.
  private mutating func refuse(_ until: Instant) {
    say(Control.refuse)
    state = .invited(until: until)
  }

  private mutating func read(_ until: Instant) {
    do throws(ConcertRequest.Malformed) {
      request = .some(
        try frame.withBytes { (text) throws(ConcertRequest.Malformed) in
          try ConcertRequest(text)
        })
    } catch { return refuse(until) }
    say(Control.acknowledge)
    state = .closing(until: until)
  }

  private mutating func close(now: Instant) -> Event? {
    guard let request else { preconditionFailure("a frame was taken before its EOT") }
    self.request = nil
    let nothing = Bytes<1>()
    if let objection = request.objection {
      nothing.withBytes { prepare(ConcertAnswer(to: request, .refused, report: $0)) }
      _ = offer(tries: 1, now: now)
      return .refused(objection)
    }
    if request.waits {
      state = .busy(request)
    } else {
      nothing.withBytes { prepare(ConcertAnswer(to: request, .unverified, report: $0)) }
      _ = offer(tries: 1, now: now)
    }
    return .requested(request)
  }
}

// MARK: The answer

extension ConcertTerminal {
  private mutating func prepare(_ text: consuming ConcertAnswer) {
    answer.removeAll()
    var checksum = Checksum()
    do throws(Overflow) {
      try answer.append(Control.startOfText)
      try text.text.withBytes { (text) throws(Overflow) in
        for index in text.indices { checksum.update(text[index]) }
        try answer.append(text)
      }
      checksum.update(Control.endOfText)
      try answer.append(Control.endOfText)
      try answer.append(checksum.value)
    } catch { preconditionFailure("80 characters and three around them") }
  }

  private mutating func offer(tries: Int, now: Instant) -> Event? {
    guard tries <= Self.mostTries else {
      say(Control.endOfTransmission)
      state = .idle
      return .unanswered
    }
    say(Control.enquiry)
    state = .offering(tries: tries, until: now + Self.patience)
    return nil
  }

  private mutating func deliver(tries: Int, now: Instant) {
    for index in 0..<answer.count { say(answer[index]) }
    state = .delivering(tries: tries, until: now + Self.patience)
  }

  private mutating func deliverAgain(tries: Int, now: Instant) -> Event? {
    guard tries <= Self.mostTries else {
      say(Control.endOfTransmission)
      state = .idle
      return .unanswered
    }
    deliver(tries: tries, now: now)
    return nil
  }

  /// A line that takes nothing loses it, as a cable would: the other end asks again.
  private mutating func say(_ character: UInt8) {
    do { try output.append(parity.byte(character)) } catch {}
  }
}
