// What the register may say to the transaction machine: ask, choose, give up, report.

import Link
import Octets

extension Transaction {
  mutating func take(
    _ request: PaymentRequest, _ readiness: Readiness, now: Instant
  ) -> Effects {
    let refusal = objection(to: request, readiness)
    guard refusal == .none else {
      periods.noteRefusal()
      return answer(.payment, request.reference, refusal)
    }
    let response = Response(to: .payment, request.reference, isAccepted: true)
    let order = Order(request, ready: readiness.methods)
    if case .asked(let seconds)? = request.tip {
      state = .choosing(order, until: now + .seconds(Int64(seconds)))
      return Effects(
        response: response,
        event: Event(.tipWanted, reference: request.reference).paying(order.total))
    }
    var effects = proceed(order, now: now)
    effects.response = response
    return effects
  }

  func objection(to request: PaymentRequest, _ readiness: Readiness) -> Reason {
    // A reference names one transaction for ever: asking for it again must not charge a card
    // twice. (A request repeated because its answer was lost never gets here: the link answers.)
    if readiness.isUsed || order?.reference == request.reference
      || ended.entry(request.reference) != nil
    {
      return .notPossible
    }
    guard order == nil else { return .pleaseWait }
    guard request.exponent == Currency.exponent(request.currency) else { return .wrongCurrency }
    let objection = ended.objection(to: request)
    guard objection == .none else { return objection }
    return readiness.obstacle(to: request)
  }

  mutating func take(_ choice: Choice, now: Instant) -> Effects {
    guard case .choosing(var order, _) = state, order.reference == choice.reference else {
      // Chosen already: the answer was lost on the line.
      let isKnown = order.map { $0.reference == choice.reference && $0.tip == choice.tip } ?? false
      return answer(.choice, choice.reference, isKnown ? .none : .notPossible)
    }
    guard choice.tip <= .max - order.request.amount else {
      return answer(.choice, choice.reference, .amountTooHigh)
    }
    order.add(tip: choice.tip)
    var effects = proceed(order, now: now)
    effects.response = Response(to: .choice, choice.reference, isAccepted: true)
    return effects
  }

  func answer(_ request: MessageType, _ reference: Reference, _ reason: Reason) -> Effects {
    Effects(
      response: Response(to: request, reference, isAccepted: reason == .none, reason: reason))
  }

  /// To the card, or past it.
  mutating func proceed(_ order: Order, now: Instant) -> Effects {
    if order.request.needsNoCard { return authorise(order, nil, now: now) }
    // The tip may have taken the total above the limit of every method.
    guard !order.methods.isEmpty else { return end(order, .failed, .amountTooHigh) }
    state = .armed(order, until: now + .seconds(Int64(order.request.timeoutSeconds)))
    return Effects(
      event: Event(
        .waitingForCard, reference: order.reference, prompt: order.invitation,
        methods: order.methods
      ).paying(order.total))
  }

  mutating func abort(_ reference: Reference) -> Effects {
    guard var order, order.reference == reference else {
      // Already ended that way: the answer was lost on the line.
      let entry = ended.entry(reference)
      let isAborted = entry?.outcome == .aborted || entry?.ending == .failed(.aborted)
      return answer(.abort, reference, isAborted ? .none : .notPossible)
    }
    if case .holding(_, let until, let method, let verdict, let due) = state {
      guard order.request.outcomeSeconds != nil else {
        return answer(.abort, reference, .notPossible)
      }
      // The record is sealed and keeps its slot; the end follows it.
      order.isAborted = true
      state = .holding(order, until: until, method, verdict, due: due)
      return answer(.abort, reference, .none)
    }
    var effects = end(order, .aborted, .aborted, capture)
    effects.response = Response(to: .abort, reference, isAccepted: true)
    return effects
  }

  private var capture: Capture? {
    if case .authorising(_, let capture, _) = state { capture } else { nil }
  }
}
