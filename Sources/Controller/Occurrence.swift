// What the loop reports to the supervisor: fixed-size codes, so that the loop never formats text.
// The supervisor puts the words to them (tillgate/Supervisor.swift).

import Octets

/// One thing that happened in the loop. 16 bytes, no card data ever.
public struct Occurrence: BitwiseCopyable, Sendable, Equatable {
  public enum Code: UInt16, BitwiseCopyable, Sendable {
    /// The first tick has run.
    case firstTick = 1
    /// A session with the register is authenticated.
    case linkUp
    /// A payment waits for a card.
    case armed
    /// A request was refused. `detail`: the reason code.
    case refused
    /// A swipe was read and encrypted. `detail`: which tracks were good, as a bit mask.
    case swipeRead
    /// A swipe could not be read. `detail`: which tracks had anything on them, as a bit mask.
    case swipeUnreadable
    /// A card moved while no payment waited for one; its edges were wiped undecoded.
    case swipeIgnored
    /// A record's first byte went to the register's port. `amount`: nanoseconds from the card's
    /// last edge to that byte.
    case released
    /// As `released`, but after the slot.
    case releasedLate
    /// A record could not go at its slot: there is no session, or older ones go first.
    case recordWaits
    /// The register abandoned the payment.
    case aborted
    /// No card came in time.
    case timedOut
    /// The capture lost edges.
    case captureGap
    /// The register's port is gone, or back.
    case registerPortLost
    case registerPortFound
    /// The keys are used up, or the next batch is not durable yet.
    case keysMissing
    /// The contactless reader answers, or does not answer any more.
    case readerFound
    case readerLost
    /// A tapped card was read and encrypted. `detail`: EMV's number of the kernel.
    case tapRead
    /// A tap gave no record. `detail`: the EMV message identifier for the customer.
    case tapFailed
    /// A card was read when nobody waited for it any more; what it said was wiped.
    case tapIgnored
    /// A transaction has ended. `detail`: its outcome.
    case ended
    /// A window for a pairing was opened.
    case pairingOpened
    /// A register has called: show the code. `amount`: the code, six digits.
    case pairingCode
    /// Another code was typed. `detail`: the tries left.
    case pairingWrongCode
    /// Nobody typed the code in time, or the register gave up.
    case pairingExpired
    /// A register is paired.
    case paired
    case pairingClosed
    /// A register that only watches has a session.
    case watcherUp
    /// A payment code was scanned and encrypted. `detail`: the wallet's number.
    case scanRead
    /// What was scanned could not be taken. `detail`: the reason code.
    case scanRefused
    /// Something was scanned while no payment waited for a code; it was wiped unread.
    case scanIgnored
    /// Register and controller agree on all records. `amount`: how many came back.
    case reconciled
    /// The register's records contradict ours: no payments until a new log is begun.
    case logsDiffer
    /// The journal cannot store records (`detail` 0), or can again (1).
    case journalStoring
    /// An older till asked for what cannot be done. `detail`: the reason code.
    case tillRefused
    /// An older till did not take the answer, however often it was offered.
    case tillGone
  }

  public var at: Instant
  public var amount: UInt32
  public var code: Code
  public var detail: UInt16

  public init(at: Instant, code: Code, detail: UInt16 = 0, amount: UInt32 = 0) {
    self.at = at
    self.amount = amount
    self.code = code
    self.detail = detail
  }
}
