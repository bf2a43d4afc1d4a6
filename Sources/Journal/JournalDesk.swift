// The journal's thread as a machine: takes what the loop asks for, makes it durable in groups,
// answers. What the disk refuses stays on the desk and is tried again; nothing is dropped.

import Link
import Octets

/// How much is kept, and how much room on the disk is left to others.
public struct JournalPolicy: Sendable {
  public var keptRecords: UInt64
  public var keptMilliseconds: UInt64
  /// Below so many free bytes no new card is taken.
  public var reserveBytes: UInt64

  public init(keptRecords: UInt64, keptMilliseconds: UInt64, reserveBytes: UInt64) {
    self.keptRecords = keptRecords
    self.keptMilliseconds = keptMilliseconds
    self.reserveBytes = reserveBytes
  }
}

/// About 30 KiB.
public struct JournalDesk: ~Copyable {
  /// Requests of one group, which one commit makes durable.
  public static let group = 32
  /// Answers to one group: one for each request and three besides. Whoever calls `step` has room
  /// for as many.
  public static let answers = group + 3
  /// After the disk refused something.
  static let pause = Interval.seconds(1)
  /// Records after which a new register may begin later.
  static let startStep: UInt64 = 256

  public private(set) var journal: Journal
  private let policy: JournalPolicy
  private var requests = InlineArray<32, JournalRequest?>(repeating: nil)
  private var verdicts = InlineArray<32, Judgement?>(repeating: nil)
  private var count = 0
  private var retryAt: Instant?
  private var isStoring = true
  private var hasRoom = true
  private var saidStoring = true
  private var saidStart: UInt64
  /// The last refusal, for the log.
  public private(set) var refusal: JournalError?
  /// Commits, and how often the disk refused.
  public private(set) var commits: UInt64 = 0
  public private(set) var refusals: UInt64 = 0

  public init(_ journal: consuming Journal, policy: JournalPolicy) {
    saidStart = journal.durable.acknowledged
    self.journal = journal
    self.policy = policy
  }

  /// Where a register begins that does not know the log.
  public mutating func start() throws(JournalError) -> MerkleTree { try journal.start() }

  /// Whether something is waiting for the disk.
  public var isBehind: Bool { count > 0 }

  /// How many bytes are free on the journal's disk; asked for now and then.
  public mutating func note(freeBytes: UInt64) { hasRoom = freeBytes >= policy.reserveBytes }

  /// Works on one group: takes what waits, stores it, answers. Returns whether there was anything.
  /// While the disk refuses to store, questions are still answered. `unixMilliseconds` is nil while
  /// the time is not known.
  public mutating func step(
    now: Instant, unixMilliseconds: UInt64?, take: () -> JournalRequest?,
    tell: (JournalReport) -> Void
  ) -> Bool {
    let before = count
    while count < Self.group, let request = take() {
      requests[count] = request
      count += 1
    }
    let isPausing = retryAt.map { now < $0 } ?? false
    if count == 0 {
      tellStoring(tell)
      return isPausing ? false : prune(now: now, unixMilliseconds: unixMilliseconds, tell)
    }
    let wasStored = !isPausing && store(now: now)
    if wasStored { tellDurable(tell) }
    answer(wasStored: wasStored, tell)
    tellStoring(tell)
    return wasStored || count > before
  }

  /// False when the disk refuses.
  private mutating func store(now: Instant) -> Bool {
    do throws(JournalError) {
      try store()
      isStoring = true
      retryAt = nil
      return true
    } catch {
      refuse(error, now: now)
      return false
    }
  }

  private mutating func refuse(_ error: JournalError, now: Instant) {
    refusal = error
    refusals += 1
    isStoring = false
    retryAt = now + Self.pause
  }

  private mutating func store() throws(JournalError) {
    for place in 0..<count {
      verdicts[place] = nil
      switch requests[place] {
      case .append(let index, let reference, let time, let bytes):
        try append(index, reference, time, bytes)
      case .acknowledge(let size, let root):
        verdicts[place] = try journal.acknowledge(size, root: root)
      case .fetch, .find, nil: break
      }
    }
    guard journal.hasUncommitted else { return }
    try journal.commit()
    commits += 1
  }

  private mutating func append(
    _ index: UInt64, _ reference: Reference, _ time: UInt64, _ bytes: RecordBytes
  ) throws(JournalError) {
    precondition(index == journal.pending.size, "the loop numbers records one after the other")
    try bytes.withBytes { (sealed) throws(JournalError) in
      try reference.withText { (text) throws(JournalError) in
        try journal.append(sealed, reference: text, unixMilliseconds: time)
      }
    }
  }

  private func tellDurable(_ tell: (JournalReport) -> Void) {
    let log = journal.durable
    tell(.durable(size: log.size, acknowledged: log.acknowledged, oldest: log.oldest))
  }

  /// Answers and takes off the desk all that is done with.
  private mutating func answer(wasStored: Bool, _ tell: (JournalReport) -> Void) {
    var left = 0
    for place in 0..<count {
      switch requests[place] {
      case .append where !wasStored, .acknowledge where !wasStored:
        requests[left] = requests[place]
        left += 1
      case .acknowledge(let size, _):
        if let verdict = verdicts[place] { tell(.judged(size: size, verdict)) }
      case .fetch(let index): answerFetch(index, tell)
      case .find(let reference, let inquiry): answerFind(reference, inquiry, tell)
      case .append, nil: break
      }
    }
    count = left
    if wasStored { tellStart(tell) }
  }

  private mutating func answerFetch(_ index: UInt64, _ tell: (JournalReport) -> Void) {
    do throws(JournalError) {
      if let bytes = try read(index) { tell(.record(index: index, bytes)) }
    } catch { refusal = error }
  }

  private mutating func answerFind(
    _ reference: Reference, _ inquiry: Inquiry, _ tell: (JournalReport) -> Void
  ) {
    do throws(JournalError) {
      guard let place = try journal.find(reference) else {
        return tell(.found(reference, inquiry, nil, nil))
      }
      tell(.found(reference, inquiry, place, try read(place)))
    } catch {
      refusal = error
      tell(.unreadable(reference, inquiry))
    }
  }

  private mutating func read(_ index: UInt64) throws(JournalError) -> RecordBytes? {
    var sealed = SealedRecord()
    guard try journal.read(index, into: &sealed) != nil else { return nil }
    return sealed.withBytes { RecordBytes($0) }
  }

  private mutating func read(_ place: RecordPlace) throws(JournalError) -> RecordBytes? {
    guard !place.isCurrent else { return try read(place.index) }
    var sealed = SealedRecord()
    var number: Int64 = 0
    while let log = try journal.log(after: number) {
      number = log.number
      guard log.origin == place.origin else { continue }
      guard try journal.read(place.index, of: log, into: &sealed) != nil else { return nil }
      return sealed.withBytes { RecordBytes($0) }
    }
    return nil
  }

  private mutating func tellStart(_ tell: (JournalReport) -> Void) {
    guard journal.durable.acknowledged - saidStart >= Self.startStep else { return }
    do throws(JournalError) {
      let tree = try journal.start()
      saidStart = journal.durable.acknowledged
      if let bytes = tree.peakBytes { tell(.start(size: tree.size, bytes)) }
    } catch { refusal = error }
  }

  private mutating func tellStoring(_ tell: (JournalReport) -> Void) {
    let canStore = isStoring && hasRoom
    guard canStore != saidStoring else { return }
    saidStoring = canStore
    tell(.storing(canStore))
  }

  /// One step of retention, when nothing else is to be done.
  private mutating func prune(
    now: Instant, unixMilliseconds: UInt64?, _ tell: (JournalReport) -> Void
  ) -> Bool {
    let time = unixMilliseconds ?? 0
    let cutoff = time > policy.keptMilliseconds ? time - policy.keptMilliseconds : 0
    do throws(JournalError) {
      guard try journal.prune(limit: policy.keptRecords, cutoff: cutoff) else { return false }
    } catch {
      refuse(error, now: now)
      return false
    }
    tellDurable(tell)
    return true
  }
}

extension Journal {
  /// Where a register begins that does not know the log: at what was acknowledged, or a little
  /// before, so that the tree's subtrees fit a boot message.
  public mutating func start() throws(JournalError) -> MerkleTree {
    var size = durable.acknowledged
    while size.nonzeroBitCount > LinkLimits.peaks { size &= size - 1 }
    guard let tree = try tree(at: max(size, durable.oldest)) else { throw .damaged(.sizes) }
    return tree
  }
}

extension MerkleTree {
  fileprivate var peakBytes: RecordBytes? {
    var bytes = Bytes<480>()
    do { try appendPeaks(to: &bytes) } catch { return nil }
    return bytes.withBytes { RecordBytes($0) }
  }
}
