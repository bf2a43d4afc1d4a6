// From a tapped card to a sealed record: identify, encrypt, seal. What the card said in clear stays
// with the reader, which the caller wipes.

import Contactless
import Identity
import Link
import Octets
import Vault

extension CardReading {
  /// Makes the card that `session` has read record `index` of `order`; nil when it worked.
  mutating func read(
    tapped session: borrowing CardSession, for order: Order, index: UInt64,
    terminal: borrowing Terminal, lease: inout KeyLease, clock: WallClock, now: Instant,
    into sealed: inout Bytes<560>
  ) -> Failure? {
    defer { plaintext.wipe() }
    var record = Record()
    do throws(Overflow) {
      try describe(order, index: index, terminal, clock, now: now, in: &record)
      record.entryMode = .contactlessChip
      try identify(session, terminal, in: &record)
      guard try encrypt(session, with: &lease, in: &record) else {
        return Failure(.keysExhausted)
      }
      record.chip.leftOut = UInt8(clamping: session.dataElement55(into: &record.chipData))
      return try seal(&record, terminal, into: &sealed) ? nil : Failure(.processingError)
    } catch {
      // As for a swipe: the fields are as long as what they come from.
      return Failure(.processingError)
    }
  }

  /// Seals the record, with fewer objects in DE55 as long as it is too long for the link.
  private borrowing func seal(
    _ record: inout Record, _ terminal: borrowing Terminal, into sealed: inout Bytes<560>
  ) throws(Overflow) -> Bool {
    while !record.chipData.isEmpty {
      do throws(RecordError) {
        try record.seal(with: terminal.recordKey, into: &sealed)
        return true
      } catch {
        guard error == .tooLong else { return false }
        record.chipData.truncate(to: lastObject(of: record.chipData))
        record.chip.leftOut += 1
      }
    }
    return false
  }

  /// Where the last data object begins.
  private borrowing func lastObject(of bytes: borrowing Bytes<255>) -> Int {
    bytes.withBytes { bytes in
      var (offset, last) = (0, 0)
      do throws(TLVError) {
        while try TLV.next(in: bytes, from: &offset) != nil, offset < bytes.count { last = offset }
      } catch { return 0 }
      return last
    }
  }

  private borrowing func identify(
    _ session: borrowing CardSession, _ terminal: borrowing Terminal, in record: inout Record
  ) throws(Overflow) {
    var number = Bytes<19>()
    defer { number.wipe() }
    session.number(into: &number)
    try number.withBytes { (number) throws(Overflow) in
      try terminal.masking.mask(number, into: &record.maskedPAN)
      if let token = terminal.tokenKey.token(of: number) {
        try token.withBytes { (bytes) throws(Overflow) in try record.token.append(bytes) }
      }
    }
    session.expiry(into: &record.expiry)
    session.serviceCode(into: &record.serviceCode)
    record.chip.formFactor = session.formFactor.rawValue
    record.chip.verification = session.verification.rawValue
    guard let name = session.selectedName else { return }
    record.scheme = .some(CardScheme(name, session.application?.kernel).rawValue)
    record.account = Record.AccountKind(AccountType(name))
    try name.withBytes { (name) throws(Overflow) in
      try record.application.append(name)
      try record.schemeRule.append("RID ")
      try Hex.encode(name.extracting(..<5), into: &record.schemeRule)
    }
  }

  /// False when there is no key to encrypt under.
  private mutating func encrypt(
    _ session: borrowing CardSession, with lease: inout KeyLease, in record: inout Record
  ) throws(Overflow) -> Bool {
    // Room for track 2, expiry date, name and a little more: DE55 needs the rest of the record.
    var secrets = Bytes<96>()
    defer { secrets.wipe() }
    session.secrets(into: &secrets)
    do throws(CardDataError) {
      try secrets.withBytes { (secrets) throws(CardDataError) in
        try CardData.encode(objects: secrets, into: &plaintext)
      }
    } catch { throw Overflow() }
    return try encrypt(with: &lease, in: &record)
  }
}

extension CardScheme {
  /// The scheme that issued the application; Maestro is Mastercard's.
  fileprivate init(_ name: AID, _ kernel: Kernel?) {
    let isMaestro = name.withBytes {
      $0.count >= 7 && $0[4] == 0x04 && $0[5] == 0x30 && $0[6] == 0x60
    }
    self =
      switch kernel {
      case .visa: .visa
      case .mastercard: isMaestro ? .maestro : .mastercard
      case .amex: .amex
      case .jcb: .jcb
      case .discover: .discover
      case .unionPay: .unionPay
      case nil: .unknown
      }
  }
}

extension Record.AccountKind {
  fileprivate init(_ account: AccountType) {
    self =
      switch account {
      case .unknown: .unknown
      case .debit: .debit
      case .credit: .credit
      }
  }
}

extension Failure {
  /// What the register and the customer are told of a tap that gave no record.
  init(_ failure: TapFailure) {
    switch failure {
    case .torn: self.init(.cardNotReadable, .again)
    case .severalCards: self.init(.cardNotReadable, .oneCardOnly)
    case .seePhone: self.init(.cardNotReadable, .seePhone)
    case .otherInterface, .aboveLimit: self.init(.cardNotReadable, .otherMethod)
    case .noApplication: self.init(.noCardData, .otherCard)
    case .fault: self.init(.cardNotReadable, .otherCard)
    case .declined: self.init(.cardNotReadable, .declined)
    }
  }
}
