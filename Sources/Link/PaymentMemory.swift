// Payment requests of late and their answers: a request that is repeated because its answer was
// lost gets the same answer and is not carried out again.

import Octets

struct PaymentMemory {
  /// How many requests are remembered. Older ones are the journal's to know.
  static let capacity = 8

  enum Verdict: Equatable {
    case new
    /// Seen before and not answered yet.
    case waiting
    case answered(Response)
    /// The reference was used for something else.
    case conflicting
  }

  private struct Entry {
    var request: PaymentRequest
    var answer: Response?
  }

  private var entries = InlineArray<8, Entry?>(repeating: nil)
  private var oldest = 0

  /// Judges a request and remembers a new one.
  mutating func judge(_ request: PaymentRequest) -> Verdict {
    for index in 0..<Self.capacity {
      guard let entry = entries[index], entry.request.reference == request.reference else {
        continue
      }
      guard entry.request == request else { return .conflicting }
      return entry.answer.map { .answered($0) } ?? .waiting
    }
    entries[oldest] = Entry(request: request)
    oldest = (oldest + 1) % Self.capacity
    return .new
  }

  func isKnown(_ reference: Reference) -> Bool {
    for index in 0..<Self.capacity where entries[index]?.request.reference == reference {
      return true
    }
    return false
  }

  mutating func note(_ answer: Response) {
    guard answer.request == .payment else { return }
    for index in 0..<Self.capacity
    where entries[index]?.request.reference == answer.reference {
      entries[index]?.answer = answer
    }
  }
}
