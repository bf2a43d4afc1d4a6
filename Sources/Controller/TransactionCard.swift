// What the readers and the clock may say to the transaction machine, and how it ends.

import Link
import Octets

extension Transaction {
  mutating func begin(_ method: Method) -> Effects {
    guard case .armed(let order, let until) = state, order.methods.contains(method) else {
      return .none
    }
    state = .reading(order, until: until, method)
    let kind = method == .contactless ? EventKind.cardSeen : .reading
    return Effects(
      event: Event(
        kind, reference: order.reference, prompt: .processing, methods: Methods(method)
      ))
  }

  func tell(_ kind: EventKind, _ prompt: Prompt, of method: Method) -> Effects {
    guard let order = order(for: method) else { return .none }
    return Effects(
      event: Event(kind, reference: order.reference, prompt: prompt, methods: Methods(method)))
  }

  mutating func hold(_ method: Method, _ verdict: Verdict, due: Instant) -> Effects {
    switch state {
    case .armed(let order, let until) where order.methods.contains(method),
      .reading(let order, let until, method):
      state = .holding(order, until: until, method, verdict, due: due)
    case .idle, .choosing, .armed, .reading, .holding, .authorising:
      preconditionFailure("a reader's result counts only while `order(for:)` names its order")
    }
    return .none
  }

  mutating func tick(now: Instant) -> Effects {
    switch state {
    case .idle: return .none
    case .choosing(let order, let until):
      return now >= until ? proceed(order, now: now) : .none
    case .armed(let order, let until):
      return now >= until ? end(order, .timedOut, .aborted) : .none
    case .reading(let order, let until, _):
      return now >= until + Self.longestReading ? end(order, .timedOut, .aborted) : .none
    case .holding(let order, let until, let method, let verdict, let due):
      guard now >= due else { return .none }
      switch verdict {
      case .captured(let index):
        return capture(order, Capture(method: method, index: index), due: due, now: now)
      case .failed(let failure): return retry(order, failure, of: method, until: until)
      }
    case .authorising(let order, let capture, let until):
      return now >= until ? end(order, .notReported, .aborted, capture) : .none
    }
  }

  mutating func capture(
    _ order: Order, _ capture: Capture, due: Instant, now: Instant
  ) -> Effects {
    var effects: Effects
    if order.isAborted {
      effects = end(order, .aborted, .aborted, capture)
    } else if order.request.outcomeSeconds == nil {
      effects = end(order, .captured, .none, capture)
    } else {
      effects = authorise(order, capture, now: now)
      effects.nextEvent = effects.event
      effects.event = Event(
        .captured, reference: order.reference, prompt: .cardReadRemove,
        methods: Methods(capture.method)
      )
    }
    effects.release = due
    return effects
  }

  /// The customer may try again until the time is up.
  mutating func retry(
    _ order: Order, _ failure: Failure, of method: Method, until: Instant
  ) -> Effects {
    if order.isAborted { return end(order, .aborted, .aborted) }
    var order = order
    let prompt = order.note(failure, of: method)
    guard !order.methods.isEmpty else { return end(order, .failed, failure.reason) }
    state = .armed(order, until: until)
    return Effects(
      event: Event(
        .cardNotReadable, reference: order.reference, reason: failure.reason, prompt: prompt,
        methods: order.methods))
  }
}

extension Transaction {
  mutating func authorise(_ order: Order, _ capture: Capture?, now: Instant) -> Effects {
    let seconds = order.request.outcomeSeconds ?? PaymentRequest.longestOutcomeSeconds
    state = .authorising(order, capture, until: now + .seconds(Int64(seconds)))
    return Effects(
      event: Event(.authorising, reference: order.reference, prompt: .authorising).paying(
        order.total))
  }

  mutating func take(_ report: OutcomeReport) -> Effects {
    guard case .authorising(let order, let capture, _) = state,
      order.reference == report.reference
    else {
      // Reported already: the answer was lost on the line.
      let isKnown = ended.entry(report.reference)?.outcome == report.outcome
      return answer(.outcome, report.reference, isKnown ? .none : .notPossible)
    }
    if let amount = report.amount, amount > order.total {
      return answer(.outcome, report.reference, .amountTooHigh)
    }
    var effects = end(
      order, report.outcome, report.reason, capture, amount: report.amount,
      approval: report.approval)
    if report.needsSignature, report.outcome.isGood { effects.event?.prompt = .approvedSign }
    effects.response = Response(to: .outcome, report.reference, isAccepted: true)
    return effects
  }

  /// The one end of every accepted request.
  mutating func end(
    _ order: Order, _ outcome: Outcome, _ reason: Reason, _ capture: Capture? = nil,
    amount: UInt64? = nil, approval: Label? = nil
  ) -> Effects {
    let closing = Closing(
      order: order, outcome: outcome, reason: reason, amount: amount ?? order.total,
      capture: capture, approval: approval)
    let isClosed = order.request.outcomeSeconds != nil
    ended.remember(
      EndedTransactions.Entry(
        reference: order.reference, kind: order.request.kind,
        ending: isClosed ? .closed(outcome, index: nil) : closing.plainEnding))
    if outcome.isGood, let original = order.request.original, order.request.kind != .refund {
      ended.undo(original)
    }
    periods.note(closing)
    state = .idle
    return Effects(close: isClosed ? closing : nil, event: closing.event)
  }
}

extension Closing {
  /// How a transaction without a closing record is remembered.
  fileprivate var plainEnding: EndedTransactions.Ending {
    if let capture { .captured(index: capture.index) } else { .failed(reason) }
  }

  fileprivate var event: Event {
    let (kind, prompt): (EventKind, Prompt) =
      switch outcome {
      case .captured: (.captured, .cardReadRemove)
      case .approved, .partlyApproved: (.ended, .approved)
      case .declined: (.ended, .notAuthorised)
      case .aborted: (.aborted, .clearDisplay)
      case .timedOut: (.timedOut, .clearDisplay)
      case .notReported, .failed: (.ended, .clearDisplay)
      }
    var event = Event(
      kind, reference: order.reference, reason: reason, prompt: prompt,
      methods: capture.map { Methods($0.method) }, isFinal: true)
    event.outcome = .some(outcome)
    if outcome.isGood { event.amount = .some(amount) }
    return event
  }
}

extension Event {
  func paying(_ amount: UInt64) -> Event {
    var event = self
    event.amount = .some(amount)
    return event
  }
}

extension Transaction {
  /// Whether `event`, which was told just now, only shows progress and the register wants none of
  /// that. The customer is told all the same.
  public func hides(_ event: Event) -> Bool {
    guard let order, !event.isFinal, event.kind.isStep else { return false }
    return !order.request.showsSteps
  }
}
