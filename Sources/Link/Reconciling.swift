// How controller and register find out, at the start of each session and before any payment,
// whether they hold the same records, and what becomes of it when they do not.

import Octets

/// What the log says to an acknowledgement.
public enum Judgement: Equatable, Sendable, BitwiseCopyable {
  /// The register has the very records that are here.
  case agrees
  /// It has others: one of the two logs was rolled back, copied or changed.
  case differs
  /// It cannot be told any more.
  case unknown
}

/// How the register's records and ours fit together in this session.
enum Standing {
  /// The register has not said what it has; the boot message is repeated at `bootAt`.
  case apart(bootAt: Instant)
  /// It has said so, and the log has not judged it yet.
  case judging(size: UInt64)
  /// It has more than we do, as after a power cut here; it sends back what we lack.
  case recovering
  case agreed
  case diverged
}

extension ControllerLink {
  mutating func take(
    _ said: Acknowledgement, now: Instant, outbox: borrowing Outbox
  ) -> ControllerEvent? {
    let end = end(of: outbox)
    guard said.origin == origin else {
      tally.wrongAcknowledgements &+= 1
      return nil
    }
    switch standing {
    case .apart: return compare(said, end: end, outbox: outbox)
    case .judging, .recovering, .diverged: return nil
    case .agreed:
      guard said.size <= end else {
        tally.wrongAcknowledgements &+= 1
        return nil
      }
      guard delivery.acknowledge(said.size, early: said.early, now: now, end: end) else {
        return nil
      }
      return .witness(size: said.size, root: said.root)
    }
  }

  /// The first word of a session on what the register has.
  private mutating func compare(
    _ said: Acknowledgement, end: UInt64, outbox: borrowing Outbox
  ) -> ControllerEvent? {
    if said.size <= end {
      standing = .judging(size: said.size)
      return .witness(size: said.size, root: said.root)
    }
    // What a power cut can cost is asked back. Only at a start: a log in use loses nothing.
    guard case .free = slot, outbox.durable == outbox.next,
      said.size - outbox.next <= UInt64(Recovery.capacity)
    else {
      standing = .diverged
      return .diverged
    }
    recovery.begin(after: outbox.tree, end: said.size, root: said.root)
    standing = .recovering
    return nil
  }

  mutating func take(_ record: RecordMessage) -> ControllerEvent? {
    guard case .recovering = standing, record.origin == origin, record.index == recovery.next,
      !recovery.isComplete
    else { return nil }
    returned = record.sealed
    return .returned(index: record.index)
  }

  // MARK: Reconciling

  /// What the log says to the `witness` event of this size. False when that is an alarm.
  public mutating func judged(_ size: UInt64, _ judgement: Judgement, now: Instant) -> Bool {
    switch (standing, judgement) {
    case (.judging(size), .agrees):
      standing = .agreed
      delivery.resume(at: size)
    case (.judging(size), .unknown): standing = .apart(bootAt: now + delivery.timeout)
    case (.judging(size), .differs), (.agreed, .differs):
      diverge()
      return false
    case (.apart, _), (.judging, _), (.recovering, _), (.agreed, _), (.diverged, _): break
    }
    return true
  }

  /// The logs contradict each other: nothing is sent or paid until somebody has looked.
  public mutating func diverge() {
    delivery.suspend()
    standing = .diverged
  }

  /// The sealed bytes of the record that came back.
  public borrowing func withReturned<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try message.withBytes { (bytes) throws(E) in try body(bytes.extracting(returned)) }
  }

  public enum Recovered: Equatable, Sendable {
    /// There are more to come.
    case more
    /// All of `range` are here: `withRecovered` shows them, `adopted` ends it.
    case all(Range<UInt64>)
    /// They are not what the register vouched for.
    case differs
  }

  /// Keeps the record that came back, after it was opened and found good.
  public mutating func keepReturned() -> Recovered {
    guard case .recovering = standing, !recovery.isComplete else { return .more }
    let range = returned
    message.withBytes { recovery.take($0.extracting(range)) }
    guard recovery.isComplete else { return .more }
    guard recovery.isGenuine else {
      diverge()
      return .differs
    }
    return .all(recovery.first..<recovery.end)
  }

  public borrowing func withRecovered<R: ~Copyable, E: Error>(
    _ index: UInt64, _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try recovery.withRecord(index, body)
  }

  /// The recovered records are in the outbox and on their way to the journal.
  public mutating func adopted() {
    guard case .recovering = standing, recovery.isComplete else { return }
    standing = .agreed
    delivery.resume(at: recovery.end)
  }
}
