// The record of how a transaction ended: it stands in the same log as the record of the card, is
// sealed the same way, and shares its keys. docs/PROTOCOL.md section 8 publishes both.

import Octets

/// The end of one transaction, as the controller knows it from its register. A field is absent when
/// it is empty or nil.
public struct ClosingRecord: ~Copyable {
  /// The largest encoding, with every field at its limit. The tests compute it.
  public static let maximumSize = 267

  public var origin = Bytes<16>()
  public var index: UInt64 = 0
  public var epoch: UInt32 = 0
  public var reference = Bytes<32>()
  public var kind = Record.Kind.payment
  /// What was approved; the amount asked for, tip included, where nothing was.
  public var amount = Record.Amount(minorUnits: 0, currency: 0, exponent: 0)
  public var unixMilliseconds: UInt64 = 0
  public var isClockSet = false
  public var uptimeMilliseconds: UInt64 = 0
  public var outcome = Outcome.notReported
  /// A result code of ZVT.
  public var reason: UInt8 = 0
  /// Index of the card's record; nil without a card.
  public var capture: UInt64?
  /// The part of the amount asked for that is the tip.
  public var tip: UInt64?
  /// The reference of the transaction that this one is about.
  public var original = Bytes<32>()
  public var table = Bytes<16>()
  public var check = Bytes<16>()
  /// Which part of the check, and of how many.
  public var part: Part?
  /// The acquirer's approval code, as the register reported it.
  public var approval = Bytes<16>()
  public var device = Bytes<8>()
  public var firmware = Bytes<16>()

  public init() {}

  /// Raw values of `Link.Outcome`, without `captured`, which is a card's record.
  public enum Outcome: UInt8, Sendable, BitwiseCopyable {
    case approved = 2
    case partlyApproved = 3
    case declined = 4
    case aborted = 5
    case timedOut = 6
    case notReported = 7
    case failed = 8
  }

  public struct Part: Equatable, Sendable, BitwiseCopyable {
    public var number: UInt8
    public var count: UInt8

    public init(_ number: UInt8, of count: UInt8) {
      self.number = number
      self.count = count
    }
  }
}

extension ClosingRecord {
  borrowing func validate() throws(RecordError) {
    guard origin.count == 16 else { throw .invalid(.origin) }
    guard !reference.isEmpty, reference.isPrintable else { throw .invalid(.reference) }
    guard amount.currency <= 999, amount.exponent <= 4 else { throw .invalid(.amount) }
    guard original.isPrintable else { throw .invalid(.original) }
    guard table.isPrintable else { throw .invalid(.table) }
    guard check.isPrintable else { throw .invalid(.check) }
    guard approval.isPrintable else { throw .invalid(.approval) }
    if let part {
      guard part.number >= 1, part.number <= part.count, part.count <= 99, !check.isEmpty else {
        throw .invalid(.part)
      }
    }
    guard device.room == 0 else { throw .invalid(.device) }
    guard !firmware.isEmpty, firmware.isPrintable else { throw .invalid(.firmware) }
  }
}
