// The last transactions and how they ended: for registers that ask again, and so that nothing is
// reversed or completed twice.

import Link
import Octets

struct EndedTransactions {
  /// How one ended.
  enum Ending: Equatable {
    /// With the capture, or without a record at all.
    case captured(index: UInt64)
    case failed(Reason)
    /// With a closing record; nil until it is written.
    case closed(Outcome, index: UInt64?)
  }

  struct Entry {
    var reference: Reference
    var kind: TransactionKind
    var ending: Ending
    /// Reversed or, if it is a tab, completed.
    var isUndone = false

    var outcome: Outcome {
      switch ending {
      case .captured: .captured
      case .failed: .failed
      case .closed(let outcome, _): outcome
      }
    }
  }

  /// Transactions that are remembered: more than a register can have unanswered.
  static let capacity = 64

  private var entries = InlineArray<64, Entry?>(repeating: nil)
  private var next = 0

  mutating func remember(_ entry: Entry) {
    entries[next] = entry
    next = (next + 1) % Self.capacity
  }

  private func place(of reference: Reference) -> Int? {
    for index in 0..<Self.capacity where entries[index]?.reference == reference { return index }
    return nil
  }

  func entry(_ reference: Reference) -> Entry? {
    guard let place = place(of: reference) else { return nil }
    return entries[place]
  }

  /// The closing record of `reference` has this index.
  mutating func note(closing index: UInt64, of reference: Reference) {
    guard let place = place(of: reference), let entry = entries[place] else { return }
    if case .closed(let outcome, nil) = entry.ending {
      entries[place]?.ending = .closed(outcome, index: index)
    }
  }

  mutating func undo(_ reference: Reference) {
    if let place = place(of: reference) { entries[place]?.isUndone = true }
  }

  /// Why `request` cannot be about its original; `none` when it can, or when the original is older
  /// than this memory: then the register's books decide.
  func objection(to request: PaymentRequest) -> Reason {
    guard let original = request.original, let entry = entry(original) else { return .none }
    switch request.kind {
    case .reversal:
      if entry.isUndone { return .alreadyReversed }
      return entry.outcome.isGood ? .none : .reversalNotPossible
    case .completion:
      let isOpen = entry.kind == .preAuthorisation && entry.outcome.isGood && !entry.isUndone
      return isOpen ? .none : .tabNotOpen
    case .refund: return entry.outcome.isGood && !entry.isUndone ? .none : .notPossible
    case .sale, .cardAcquisition, .preAuthorisation: return .none
    }
  }
}
