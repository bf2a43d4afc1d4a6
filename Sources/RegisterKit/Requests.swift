// What the register asks for.
// Names are the header's, against which the compiler holds each function.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CTillregister
import Link
import Octets
import Register

@c @implementation
public func tillregister_pay(
  _ handle: OpaquePointer?, _ payment: UnsafePointer<tillregister_payment>?
) -> Int32 {
  coded { () throws(Fault) in
    let handle = try Handle(handle)
    var known = tillregister_payment()
    try read(payment, atLeast: FirstSize.payment, into: &known)
    let request = try PaymentRequest(known)
    try tried(.payment(request))
    handle.kit.pointee.session.pay(request)
  }
}

extension PaymentRequest {
  /// `reference` is also a property's name.
  private static func named(_ start: UnsafePointer<CChar>?) throws(Fault) -> Reference {
    try RegisterKit.reference(start)
  }

  fileprivate init(_ payment: tillregister_payment) throws(Fault) {
    self.init(
      reference: try Self.named(payment.reference), amount: payment.amount,
      currency: payment.currency, exponent: payment.exponent, timeoutSeconds: payment.seconds,
      methods: Methods(rawValue: payment.methods))
    guard let kind = TransactionKind(rawValue: max(payment.kind, 1)) else { throw .field(7) }
    guard let policy = ChipPolicy(rawValue: payment.chip_policy) else { throw .field(15) }
    self.kind = kind
    chipPolicy = policy
    showsSteps = payment.without_steps == 0
    outcomeSeconds = payment.outcome_seconds == 0 ? nil : payment.outcome_seconds
    original = try textIfAny(payment.original, else: .field(8))
    table = try textIfAny(payment.table, else: .field(12))
    check = try textIfAny(payment.check, else: .field(13))
    if payment.part != 0 || payment.parts != 0 {
      guard let part = CheckPart(payment.part, of: payment.parts) else { throw .field(14) }
      self.part = part
    }
    tip = try Tip(payment)
    limits = try MethodLimits(payment)
  }
}

extension Tip {
  /// Nil when there is none.
  fileprivate init?(_ payment: tillregister_payment) throws(Fault) {
    switch Int(payment.tip_kind) {
    case TILLREGISTER_NO_TIP: return nil
    case TILLREGISTER_TIP: self = .fixed(payment.tip)
    case TILLREGISTER_TIP_SHARE:
      guard let share = UInt16(exactly: payment.tip) else { throw .field(11) }
      self = .hundredthsOfPercent(share)
    case TILLREGISTER_TIP_ASKED:
      guard let seconds = UInt16(exactly: payment.tip) else { throw .field(11) }
      self = .asked(seconds: seconds)
    default: throw .field(11)
    }
  }
}

extension MethodLimits {
  fileprivate init(_ payment: tillregister_payment) throws(Fault) {
    self.init()
    guard payment.limited < 8 else { throw .field(10) }
    let limited = Methods(rawValue: UInt16(payment.limited))
    if limited.contains(.magneticStripe) { magneticStripe = payment.limits.0 }
    if limited.contains(.contactless) { contactless = payment.limits.1 }
    if limited.contains(.walletCode) { walletCode = payment.limits.2 }
  }
}

@c @implementation
public func tillregister_report_outcome(
  _ handle: OpaquePointer?, _ report: UnsafePointer<tillregister_report>?
) -> Int32 {
  coded { () throws(Fault) in
    let handle = try Handle(handle)
    var known = tillregister_report()
    try read(report, atLeast: FirstSize.report, into: &known)
    guard let outcome = Outcome(rawValue: known.outcome) else { throw .field(2) }
    var said = OutcomeReport(
      outcome, try reference(known.reference), reason: Reason(rawValue: known.reason),
      amount: known.has_amount == 0 ? nil : known.amount,
      approval: try textIfAny(known.approval, else: .field(5)))
    said.needsSignature = known.needs_signature != 0
    try tried(.outcome(said))
    handle.kit.pointee.session.report(said)
  }
}

@c @implementation
public func tillregister_choose(
  _ handle: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ tip: UInt64
) -> Int32 {
  coded { () throws(Fault) in
    let handle = try Handle(handle)
    let choice = Choice(try reference(name), tip: tip)
    try tried(.choice(choice))
    handle.kit.pointee.session.choose(choice)
  }
}

@c @implementation
public func tillregister_make_code(
  _ handle: OpaquePointer?, _ code: UnsafePointer<tillregister_code>?
) -> Int32 {
  coded { () throws(Fault) in
    let handle = try Handle(handle)
    var known = tillregister_code()
    try read(code, atLeast: FirstSize.code, into: &known)
    let payload = try string(known.payload, atMost: CodeRequest.limit, else: .field(5))
    let template = Span(_unsafeElements: payload)
    let request = CodeRequest(
      reference: try reference(known.reference), amount: known.amount, currency: known.currency,
      exponent: known.exponent, template: 0..<template.count)
    try tried { (message) throws(Overflow) in try request.encode(from: template, into: &message) }
    guard
      handle.kit.pointee.session.makeCode(
        request.reference, amount: request.amount, currency: request.currency,
        exponent: request.exponent, template: template)
    else { throw .field(5) }
  }
}

@c @implementation
public func tillregister_abort(
  _ handle: OpaquePointer?, _ name: UnsafePointer<CChar>?
) -> Int32 {
  coded { () throws(Fault) in
    try Handle(handle).kit.pointee.session.abort(try reference(name))
  }
}

@c @implementation
public func tillregister_query_status(
  _ handle: OpaquePointer?, _ name: UnsafePointer<CChar>?
) -> Int32 {
  coded { () throws(Fault) in
    try Handle(handle).kit.pointee.session.queryStatus(try reference(name))
  }
}

@c @implementation
public func tillregister_query_totals(_ handle: OpaquePointer?) -> Int32 {
  coded { () throws(Fault) in try Handle(handle).kit.pointee.session.queryTotals() }
}

@c @implementation
public func tillregister_close_period(
  _ handle: OpaquePointer?, _ epoch: UInt64, _ number: UInt64
) -> Int32 {
  coded { () throws(Fault) in
    let period = PeriodName(epoch: epoch, number: number)
    try Handle(handle).kit.pointee.session.queryTotals(closing: period)
  }
}

@c @implementation
public func tillregister_query_diagnosis(_ handle: OpaquePointer?) -> Int32 {
  coded { () throws(Fault) in try Handle(handle).kit.pointee.session.queryDiagnosis() }
}

@c @implementation
public func tillregister_set_time(
  _ handle: OpaquePointer?, _ now: UInt64, _ unixMilliseconds: UInt64
) -> Int32 {
  coded { () throws(Fault) in
    let kit = try Handle(handle).kit
    let time = kit.pointee.clock.time(now)
    kit.pointee.session.tell(unixMilliseconds: unixMilliseconds, now: time)
  }
}

@c @implementation
public func tillregister_cancel_requests(_ handle: OpaquePointer?) -> Int32 {
  coded { () throws(Fault) in try Handle(handle).kit.pointee.session.cancelRequests() }
}
