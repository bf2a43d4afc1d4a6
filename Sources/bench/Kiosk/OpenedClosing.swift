// A closing record as the register opens it.

import Octets
import Vault

struct OpenedClosing: Equatable {
  var reference: String
  var index: UInt64
  var kind: UInt8
  var amount: UInt64
  var outcome: UInt8
  var reason: UInt8
  var capture: UInt64?
  var tip: UInt64?
  var original: String

  /// Nil when `sealed` is the record of a card.
  init?(_ sealed: [UInt8], recordKey: [UInt8]) throws {
    let key = try RecordKey(recordKey.span)
    do throws(SealError) {
      let record = try ClosingRecord(opening: sealed.span, with: key)
      reference = record.reference.text
      index = record.index
      kind = record.kind.rawValue
      amount = record.amount.minorUnits
      outcome = record.outcome.rawValue
      reason = record.reason
      capture = record.capture
      tip = record.tip
      original = record.original.text
    } catch {
      guard error == .record(.unsupported(.outcome)) else { throw error }
      return nil
    }
  }
}
