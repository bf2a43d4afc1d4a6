// The loop and its journal: records on their way to the disk, questions to it, and what register
// and log make of each other.

import Journal
import Link
import Octets
import Vault

extension Loop where B: ~Copyable {
  /// Takes the log's next record, for the wire and for the journal: neither waits for the other.
  /// There is room: a request without room for its records, and a register's answer with more than
  /// were asked back, came no further.
  mutating func file(_ reference: Reference, _ bytes: RecordBytes?, now: Instant) {
    guard let bytes else { preconditionFailure("a sealed record is at most 560 bytes") }
    let index = outbox.next
    do {
      try bytes.withBytes { (bytes) throws(Overflow) in try outbox.append(bytes) }
    } catch { preconditionFailure("nothing is filed without room in the outbox") }
    let wasTaken = board.journal(
      .append(
        index: index, reference, unixMilliseconds: clock.unixMilliseconds(at: now), bytes))
    // The ring holds more than the outbox has room for records that are not durable.
    precondition(wasTaken, "the journal's ring has room for what the outbox takes")
  }

  mutating func takeReports(now: Instant) {
    while let report = board.nextJournalReport() {
      switch report {
      case .durable(let size, let acknowledged, let oldest):
        outbox.note(durable: size, acknowledged: acknowledged, oldest: oldest)
      case .judged(let size, let judgement): take(judgement, of: size, now: now)
      case .record(let index, let bytes): bytes.withBytes { outbox.provide(index, $0) }
      case .found(let reference, .payment, let place, _):
        decide(on: reference, wasUsed: place != nil, now: now)
      case .found(let reference, .status, let place, let bytes):
        tellFound(reference, place, bytes)
      case .unreadable(let reference, .payment): putOff(reference, now: now)
      // The register asks again.
      case .unreadable(_, .status): break
      case .start(let size, let peaks):
        if let start = peaks.withBytes({ MerkleTree(size: size, peaks: $0) }) {
          outbox.note(start: start)
        }
      case .storing(let isStoring):
        self.isStoring = isStoring
        board.report(Occurrence(at: now, code: .journalStoring, detail: isStoring ? 1 : 0))
      }
    }
  }

  /// Asks the journal for records that are to be sent and are not in memory.
  mutating func fetchRecords() {
    let range = link.wanted(end: outbox.next)
    while let index = outbox.nextMissing(in: range) {
      if !board.journal(.fetch(index: index)) { return outbox.forgetMissing() }
    }
  }
}

// MARK: References

/// A request whose reference the journal is asked about.
enum Asking {
  case waiting(PaymentRequest)
  /// The register has given it up meanwhile.
  case aborted(PaymentRequest)

  var request: PaymentRequest {
    switch self {
    case .waiting(let request), .aborted(let request): request
    }
  }
}

extension Loop where B: ~Copyable {
  /// A reference names one payment for ever. Of the last ones the transaction machine knows it; of
  /// all others the journal.
  ///
  /// Also of what is refused for another reason: the register may take a refusal for the end, and
  /// the payment may have been made before the last start.
  mutating func consider(_ request: PaymentRequest, now: Instant) {
    let readiness = readiness(for: request)
    guard transaction.objection(to: request, readiness) != .notPossible else {
      return step(.request(request, readiness), now: now)
    }
    guard asking == nil, board.journal(.find(request.reference, .payment)) else {
      return answer(.payment, request.reference, .pleaseWait, now: now)
    }
    asking = .waiting(request)
  }

  private mutating func decide(on reference: Reference, wasUsed: Bool, now: Instant) {
    guard let question = asking, question.request.reference == reference else { return }
    asking = nil
    switch question {
    case .waiting(let request):
      var readiness = readiness(for: request)
      readiness.isUsed = wasUsed
      step(.request(request, readiness), now: now)
    case .aborted:
      answer(.payment, reference, wasUsed ? .notPossible : .aborted, now: now)
      answer(.abort, reference, wasUsed ? .notPossible : .none, now: now)
    }
  }

  /// Nobody can say now whether the payment was made before.
  private mutating func putOff(_ reference: Reference, now: Instant) {
    guard asking?.request.reference == reference else { return }
    asking = nil
    answer(.payment, reference, .pleaseWait, now: now)
  }

  private mutating func answer(
    _ request: MessageType, _ reference: Reference, _ reason: Reason, now: Instant
  ) {
    answer(
      Response(to: request, reference, isAccepted: reason == .none, reason: reason), now: now)
  }

  /// The register gives up a request of which the journal has not said yet whether it is new: it is
  /// answered when the journal has.
  mutating func abort(_ reference: Reference, now: Instant) {
    guard let request = asking?.request, request.reference == reference else {
      return step(.abort(reference), now: now)
    }
    asking = .aborted(request)
  }

  /// Until the register has said what it holds, nobody knows what a power cut took from here: it
  /// asks again.
  mutating func tellStatus(of reference: Reference) {
    let status = transaction.status(of: reference, origin: terminal.origin)
    switch status.state {
    case .notFound:
      if asking?.request.reference == reference {
        link.send(.transactionStatus(TransactionStatus(reference, .inProgress)))
      } else if link.isReconciled || link.isDiverged {
        _ = board.journal(.find(reference, .status))
      }
    case .processed(_, let index):
      // Asked of the journal when it is not in memory any more.
      let isHere: Void? = outbox.withRecord(index) { sealed in
        link.send(.transactionStatus(status))
        link.sendCopy(index: index, sealed: sealed)
      }
      if isHere == nil { _ = board.journal(.find(reference, .status)) }
    case .inProgress, .ended: link.send(.transactionStatus(status))
    }
  }

  private mutating func tellFound(
    _ reference: Reference, _ place: RecordPlace?, _ bytes: RecordBytes?
  ) {
    guard let place else {
      return link.send(.transactionStatus(TransactionStatus(reference, .notFound)))
    }
    let state = TransactionStatus.State.processed(origin: place.origin, index: place.index)
    link.send(.transactionStatus(TransactionStatus(reference, state)))
    bytes?.withBytes { link.sendCopy(index: place.index, of: place.origin, sealed: $0) }
  }
}

// MARK: The register as a witness

extension Loop where B: ~Copyable {
  /// What the register says it holds: known at once for the youngest records, told by the journal
  /// for older ones. The journal notes it in any case.
  mutating func judge(_ size: UInt64, root: Digest, now: Instant) {
    let isAsked = board.journal(.acknowledge(size: size, root: root))
    if let mine = outbox.root(at: size) {
      take(mine == root ? .agrees : .differs, of: size, now: now)
    } else if !isAsked {
      take(.unknown, of: size, now: now)
    }
  }

  private mutating func take(_ judgement: Judgement, of size: UInt64, now: Instant) {
    let was = link.isReconciled
    guard !link.isDiverged else { return }
    guard link.judged(size, judgement, now: now) else { return alarm(now: now) }
    if link.isReconciled, !was { board.report(Occurrence(at: now, code: .reconciled)) }
  }

  /// A record that this controller lost: taken only if it opens under the pairing's key, stands
  /// where it says, and is of an earlier start. One of this start or a later one means that the
  /// whole board was rolled back, and that nonces and keys would repeat.
  mutating func takeBack(_ index: UInt64, now: Instant) {
    let isOurs = link.withReturned { sealed in
      reference(of: sealed, index) != nil
    }
    guard isOurs else {
      link.diverge()
      return alarm(now: now)
    }
    switch link.keepReturned() {
    case .more: break
    case .differs: alarm(now: now)
    case .all(let range):
      // A record made meanwhile: this log was in use, and lost nothing.
      guard range.lowerBound == outbox.next, range.count <= outbox.room else {
        link.diverge()
        return alarm(now: now)
      }
      for index in range { adopt(index, now: now) }
      // The register vouched for them: the journal need not wait to hear it again.
      _ = board.journal(.acknowledge(size: outbox.next, root: outbox.tree.root))
      link.adopted()
      board.report(
        Occurrence(at: now, code: .reconciled, amount: UInt32(clamping: range.count)))
    }
  }

  private mutating func adopt(_ index: UInt64, now: Instant) {
    var bytes: RecordBytes?
    link.withRecovered(index) { bytes = RecordBytes($0) }
    guard let name = bytes?.withBytes({ reference(of: $0, index) }) ?? nil else {
      preconditionFailure("it was opened when it came")
    }
    file(name, bytes, now: now)
  }

  /// The reference in a record of this log and an earlier start; nil when it is none.
  private borrowing func reference(of sealed: Span<UInt8>, _ index: UInt64) -> Reference? {
    do throws(SealError) {
      let record = try Record(opening: sealed, with: terminal.recordKey)
      guard isOurs(record.origin, record.index, record.epoch, index) else { return nil }
      return record.reference.withBytes { Reference($0) }
    } catch {
      guard error == .record(.unsupported(.outcome)) else { return nil }
    }
    do throws(SealError) {
      let record = try ClosingRecord(opening: sealed, with: terminal.recordKey)
      guard isOurs(record.origin, record.index, record.epoch, index) else { return nil }
      return record.reference.withBytes { Reference($0) }
    } catch { return nil }
  }

  private borrowing func isOurs(
    _ origin: borrowing Bytes<16>, _ index: UInt64, _ epoch: UInt32, _ expected: UInt64
  ) -> Bool {
    index == expected && epoch < terminal.epoch
      && origin.withBytes { Origin($0) } == terminal.origin
  }

  mutating func alarm(now: Instant) {
    board.report(Occurrence(at: now, code: .logsDiffer))
    tell(Event(.fault, reference: nil, reason: .diagnosisRequired), now: now)
  }
}
