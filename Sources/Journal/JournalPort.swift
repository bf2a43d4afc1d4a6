// What the loop and the journal say to each other, through rings: fixed-size values, in order.

import Link
import Octets

/// A sealed record, or other bytes of at most its size, that can be copied through a ring.
public struct RecordBytes: BitwiseCopyable, Sendable {
  private var bytes = InlineArray<560, UInt8>(repeating: 0)
  public private(set) var count = 0

  /// Nil when `content` is longer than 560 bytes.
  public init?(_ content: Span<UInt8>) {
    guard content.count <= 560 else { return nil }
    count = content.count
    for index in content.indices { bytes[index] = content[index] }
  }

  public borrowing func withBytes<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try body(bytes.span.extracting(0..<count))
  }
}

/// Why the loop asks for a reference.
public enum Inquiry: UInt8, BitwiseCopyable, Sendable {
  /// A payment with it is requested: there must not have been one.
  case payment
  /// The register asks what became of it.
  case status
}

public enum JournalRequest: BitwiseCopyable, Sendable {
  /// Record `index`, the next one.
  case append(index: UInt64, Reference, unixMilliseconds: UInt64, RecordBytes)
  /// The register vouches for the first `size` records. Answered with `judged`.
  case acknowledge(size: UInt64, root: Digest)
  /// Answered with `record`, or not at all when it cannot be read.
  case fetch(index: UInt64)
  /// Answered with `found`.
  case find(Reference, Inquiry)
}

public enum JournalReport: BitwiseCopyable, Sendable {
  /// All records below `size` would survive a power cut, and that those below `acknowledged` were
  /// acknowledged; those below `oldest` are not kept any more.
  case durable(size: UInt64, acknowledged: UInt64, oldest: UInt64)
  case judged(size: UInt64, Judgement)
  case record(index: UInt64, RecordBytes)
  /// The record of that transaction, if there is one.
  case found(Reference, Inquiry, RecordPlace?, RecordBytes?)
  /// The disk could not read whether there is one.
  case unreadable(Reference, Inquiry)
  /// Where a register begins that does not know the log: the tree over the first `size` records, as
  /// its full subtrees.
  case start(size: UInt64, RecordBytes)
  /// Whether records can be stored; told when it changes.
  case storing(Bool)
}
