// From the end of a transaction to its sealed record.

import Link
import Octets
import Vault

extension Closing {
  /// Replaces the content of `sealed` by the closing record `index`.
  func seal(
    index: UInt64, terminal: borrowing Terminal, clock: WallClock, now: Instant,
    into sealed: inout SealedRecord
  ) throws(RecordError) {
    var record = ClosingRecord()
    record.index = index
    record.epoch = terminal.epoch
    record.kind = order.request.kind.recorded
    record.amount = order.request.recorded(amount)
    record.unixMilliseconds = clock.unixMilliseconds(at: now)
    record.isClockSet = clock.isSet
    record.uptimeMilliseconds = now.milliseconds
    record.outcome = outcome.recorded
    record.reason = reason.rawValue
    record.capture = capture?.index
    record.tip = order.request.tip == nil ? nil : .some(order.tip)
    record.part = order.request.part.map { ClosingRecord.Part($0.number, of: $0.count) }
    do throws(Overflow) { try name(terminal, in: &record) } catch { throw .tooLong }
    try record.seal(with: terminal.recordKey, into: &sealed)
  }

  private func name(
    _ terminal: borrowing Terminal, in record: inout ClosingRecord
  ) throws(Overflow) {
    try terminal.origin.append(to: &record.origin)
    try terminal.device.withBytes { (bytes) throws(Overflow) in try record.device.append(bytes) }
    try terminal.firmware.withBytes { (text) throws(Overflow) in try record.firmware.append(text) }
    let request = order.request
    try request.reference.withText { (text) throws(Overflow) in try record.reference.append(text) }
    if let original = request.original {
      try original.withText { (text) throws(Overflow) in try record.original.append(text) }
    }
    if let table = request.table {
      try table.withText { (text) throws(Overflow) in try record.table.append(text) }
    }
    if let check = request.check {
      try check.withText { (text) throws(Overflow) in try record.check.append(text) }
    }
    if let approval {
      try approval.withText { (text) throws(Overflow) in try record.approval.append(text) }
    }
  }
}

extension PaymentRequest {
  func recorded(_ amount: UInt64) -> Record.Amount {
    Record.Amount(minorUnits: amount, currency: currency, exponent: exponent)
  }
}

extension TransactionKind {
  var recorded: Record.Kind {
    switch self {
    case .sale: .payment
    case .refund: .refund
    case .reversal: .reversal
    case .cardAcquisition: .cardAcquisition
    case .preAuthorisation: .preAuthorisation
    case .completion: .completion
    }
  }
}

extension Outcome {
  /// Only a transaction without a closing record ends as captured.
  fileprivate var recorded: ClosingRecord.Outcome {
    switch self {
    case .captured: preconditionFailure("whoever reports no outcome gets no closing record")
    case .approved: .approved
    case .partlyApproved: .partlyApproved
    case .declined: .declined
    case .aborted: .aborted
    case .timedOut: .timedOut
    case .notReported: .notReported
    case .failed: .failed
    }
  }
}
