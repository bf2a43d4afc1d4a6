// A till for the transaction machine's tests: requests by name, closing records written as the loop
// writes them.

import Controller
import Link
import Octets

let start = Instant(nanoseconds: 1_000_000_000)
let origin = Origin([UInt8](repeating: 7, count: 16).span)!
let all = Methods.magneticStripe.union(.contactless).union(.walletCode)

func request(
  _ name: String, _ kind: TransactionKind = .sale, amount: UInt64 = 1000,
  original: String? = nil, _ change: (inout PaymentRequest) -> Void = { _ in }
) -> PaymentRequest {
  var request = PaymentRequest(
    reference: reference(name), amount: amount, currency: 978, exponent: 2, timeoutSeconds: 60,
    methods: original == nil ? all : .none)
  request.kind = kind
  request.original = original.map(reference)
  request.outcomeSeconds = 30
  change(&request)
  return request
}

func label(_ text: String) -> Label { Label(Array(text.utf8).span)! }

/// A machine whose closing records are written as the loop writes them.
struct Till {
  var machine = Transaction()
  var closings: [Closing] = []
  var now = start
  private var records: UInt64 = 0

  @discardableResult
  mutating func step(_ input: Transaction.Input) -> Transaction.Effects {
    let effects = machine.step(input, now: now)
    if let closing = effects.close {
      closings.append(closing)
      machine.wroteClosing(of: closing.order.reference, index: records)
      records += 1
    }
    return effects
  }

  /// Of what was told just now, the kinds that the register is not to hear of.
  func hidden(_ effects: Transaction.Effects) -> [EventKind] {
    [effects.event, effects.nextEvent].compactMap { $0 }.filter { machine.hides($0) }.map(\.kind)
  }

  @discardableResult
  mutating func ask(_ request: PaymentRequest, ready: Methods = all) -> Transaction.Effects {
    step(.request(request, Readiness(supported: all, methods: ready)))
  }

  /// A card by `method`, to the end of its slot.
  @discardableResult
  mutating func present(_ method: Method = .magneticStripe) -> Transaction.Effects {
    step(.began(method))
    step(.captured(method, index: records, due: now))
    records += 1
    return step(.tick)
  }

  @discardableResult
  mutating func fail(_ method: Method, _ failure: Failure) -> Transaction.Effects {
    step(.began(method))
    step(.failed(method, failure, due: now))
    return step(.tick)
  }

  mutating func complete(_ request: PaymentRequest, _ outcome: Outcome = .approved) {
    ask(request)
    if !request.needsNoCard { present() }
    step(.reported(OutcomeReport(outcome, request.reference)))
  }

  func state(_ name: String) -> TransactionStatus.State {
    machine.status(of: reference(name), origin: origin).state
  }
}
