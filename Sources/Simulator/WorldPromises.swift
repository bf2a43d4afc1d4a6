// What the register is told in a world, and what must be true of it.

import Link
import Octets
import Register
import Vault

extension World {
  mutating func hear(_ event: RegisterEvent) {
    switch event {
    case .linkUp(let info, let standing):
      sessions += 1
      switch standing {
      case .continuous, .ahead: break
      case .newOrigin: expected = info.start.size
      case .missing, .forked: violation = .brokenSequence
      }
    case .response(let response):
      if response.request == .payment, !response.isAccepted { refuse(response) }
    case .event(let event):
      // A captured payment ends with its record.
      if event.isFinal, event.kind != .captured, let reference = event.reference {
        end(reference, .failed)
      }
    case .status(let status):
      switch status.state {
      case .ended: end(status.reference, .failed)
      case .notFound: forget(status.reference)
      case .inProgress, .processed: break
      }
    case .record(let index):
      if index != expected { violation = .brokenSequence }
      expected = index + 1
      records += 1
      takeRecord(index)
    case .recordCopy(let index):
      if index >= expected { violation = .brokenSequence }
      takeRecord(index)
    case .forked: violation = .brokenSequence
    case .recall, .totals, .diagnosis: break
    case .error: violation = .forgedFrame
    }
  }

  private mutating func takeRecord(_ index: UInt64) {
    let checksum = kiosk.sealed.withBytes { CRC32C.of($0) }
    do throws(SealError) {
      let record = try kiosk.openRecord()
      if record.index != index { violation = .unreadableRecord }
      spend(record, checksum)
      let reference = record.reference.withBytes { Reference($0) }
      guard let reference else {
        violation = .strayRecord
        return
      }
      judgeTap(record, reference)
      end(reference, .captured(checksum))
    } catch { violation = .unreadableRecord }
  }

  /// Notes a record's key and nonce. The same record may come again, and nothing else that has
  /// either.
  private mutating func spend(_ record: borrowing Record, _ checksum: UInt32) {
    var serial: UInt32 = 0
    for index in 0..<record.ksn.count { serial = serial << 8 | UInt32(record.ksn[index]) }
    for place in 0..<64 {
      guard let other = spent[place] else {
        spent[place] = Spent(
          serial: serial, epoch: record.epoch, index: record.index, checksum: checksum)
        return
      }
      guard other.checksum != checksum else { return }
      if other.serial == serial { violation = .keyUsedTwice }
      if other.epoch == record.epoch, other.index == record.index { violation = .nonceUsedTwice }
    }
  }

  /// 83 may mean that the payment was made before: its first answer was lost, and the controller
  /// has started since; 9C, that this could not be read. That is asked; every other refusal is the
  /// end.
  private mutating func refuse(_ response: Response) {
    guard response.reason != .notPossible, response.reason != .pleaseWait else {
      return kiosk.register.queryStatus(response.reference)
    }
    end(response.reference, .failed)
  }

  /// The controller does not know the payment, perhaps not any more. What the register knows of it
  /// stands; otherwise it has failed.
  private mutating func forget(_ reference: Reference) {
    for index in 0..<count where payments[index]?.reference == reference {
      if payments[index]?.outcome == nil { end(reference, .failed) }
    }
  }

  private mutating func end(_ reference: Reference, _ outcome: Outcome) {
    for index in 0..<count {
      guard let payment = payments[index], payment.reference == reference else { continue }
      if let known = payment.outcome {
        if known != outcome { violation = .twoOutcomes }
        return
      }
      payments[index]?.outcome = outcome
      if index == count - 1 {
        swipeDue = nil
        abortDue = nil
        taps.due = nil
        phase = .pausing(until: now + milliseconds(50, 800))
      }
      return
    }
    violation = .strayRecord
  }
}

// MARK: Judging

extension World {
  /// What can be said at any time.
  mutating func judge() {
    if kiosk.hasBlocked { violation = .blockedLoop }
    if kiosk.hasBrokenPromise { violation = .brokenPromise }
    if kiosk.surroundings.hasLostJournal { violation = .lostJournal }
    if kiosk.hasRepeatedEpoch || kiosk.surroundings.watchToRegister.hasRepeatedNonce
      || kiosk.surroundings.watchToController.hasRepeatedNonce
    {
      violation = .nonceUsedTwice
    }
    if kiosk.surroundings.watchToRegister.hasDigits
      || kiosk.surroundings.watchToController.hasDigits
    {
      violation = .clearCardData
    }
  }

  /// What can be said when all is over.
  mutating func judgeAll() {
    guard violation == nil else { return }
    if sessions == 0 { violation = .neverLinked }
    if kiosk.linkCounts.sessions.forged + kiosk.register.counts.sessions.forged > 0 {
      violation = .forgedFrame
    }
    for index in 0..<min(cardCount, 64) {
      if let digits = cards[index], kiosk.hasOnDisk(digits.span) { violation = .clearCardData }
    }
    guard hasReader else { return }
    for scheme in PaymentCard.Scheme.allCases {
      if kiosk.hasOnDisk(TestNumbers.digits(scheme).span) { violation = .clearCardData }
    }
  }
}
