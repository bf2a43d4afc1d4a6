// Totals by period. They are kept in memory: a restart begins a new epoch with period 1, and what
// was taken before it stands in the log.

import Link
import Octets

/// The open period and the one closed last.
struct Periods {
  private(set) var open = Totals(name: PeriodName(epoch: 0, number: 1), since: 0)
  private var closed: Totals?

  /// Answers a request. Closing is done once, however often it is asked for: the same name gets the
  /// same totals until the next period is closed; another name gets the open period.
  mutating func answer(_ request: TotalsRequest, epoch: UInt64, now: Instant) -> Totals {
    open.name.epoch = epoch
    open.until = now.milliseconds
    guard let name = request.closing else { return open }
    if let closed, closed.name == name { return closed }
    guard name == open.name else { return open }
    var ended = open
    ended.isClosed = true
    closed = ended
    open = Totals(
      name: PeriodName(epoch: epoch, number: name.number + 1), since: now.milliseconds)
    return ended
  }

  mutating func noteRefusal() { open.countRefusal() }

  mutating func note(_ closing: Closing) {
    open.count(end: closing.outcome)
    guard closing.outcome.isGood else { return }
    let request = closing.order.request
    open.add(
      closing.amount,
      to: TotalsRow(
        method: closing.capture?.method, kind: request.kind, currency: request.currency,
        isApproved: closing.outcome != .captured))
  }
}
