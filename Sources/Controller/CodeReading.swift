// From a scanner's bytes to a sealed record: line, identify, refuse what was taken before, encrypt,
// seal. A code is worth money until it is used: it exists in the clear only in buffers that are
// wiped as soon as it has been dealt with.

import Identity
import Link
import Octets
import Vault
import WalletCode

/// What a scan came to.
enum ScanResult: Equatable {
  /// Encrypted and sealed.
  case sealed(Wallet)
  case failed(Failure)
}

/// The scanner's end in the loop.
struct CodeReading: ~Copyable {
  private var lines = ScannerLines()
  private var scanned = ScannedCode()
  private var seen = SeenCodes()
  /// The languages that the code read last named; no secret.
  private(set) var languages = PreferredLanguages()

  init() {}

  var counts: ScannerCounts { lines.counts }

  /// Whether 32 random bytes are wanted, once, before the first code.
  var needsKey: Bool { !seen.hasKey }

  /// Takes them and wipes them.
  mutating func provideKey(_ random: inout Link.Key) { seen.setKey(&random) }

  /// Takes bytes from `offset` on up to the end of a line: then true, and the line is to be given
  /// to `read` or `forget`.
  mutating func receive(_ bytes: Span<UInt8>, from offset: inout Int, now: Instant) -> Bool {
    lines.receive(bytes, from: &offset, now: now)
  }

  /// Wipes what was scanned: nobody waits for a code, or the port has gone.
  mutating func forget() {
    lines.wipe()
    scanned.wipe()
  }

  /// Forgets the codes that were taken as well. To be called when the loop has stopped.
  mutating func wipe() {
    forget()
    seen.wipe()
  }

  /// Makes the line record `index` of `order`, and wipes it in any case. A line that is no code, or
  /// a code that was taken before, spends no key.
  mutating func read(
    with reading: inout CardReading, for order: Order, index: UInt64,
    terminal: borrowing Terminal, lease: inout KeyLease, clock: WallClock, now: Instant,
    into sealed: inout Bytes<560>
  ) -> ScanResult {
    defer {
      forget()
      reading.plaintext.wipe()
    }
    languages = PreferredLanguages()
    if let failure = identify(now: now) { return .failed(failure) }
    do throws(CardDataError) { try encode(into: &reading.plaintext) } catch {
      return .failed(Failure(.cardDataIncorrect, .otherCard))
    }
    var record = Record()
    do throws(Overflow) {
      try reading.describe(order, index: index, terminal, clock, now: now, in: &record)
      try describe(terminal, in: &record)
      guard try reading.encrypt(with: &lease, in: &record) else {
        return .failed(Failure(.keysExhausted))
      }
      do throws(RecordError) {
        try record.seal(with: terminal.recordKey, into: &sealed)
      } catch { throw Overflow() }
    } catch { return .failed(Failure(.processingError)) }
    remember(now: now)
    return .sealed(scanned.match.wallet)
  }

  /// Why the line is not taken; nil when it is.
  private mutating func identify(now: Instant) -> Failure? {
    let verdict: SeenCodes.Verdict
    do throws(ScannedCodeError) {
      verdict = try lines.withLine { (line) throws(ScannedCodeError) in
        let code = line.extracting(ScannedText(line).code)
        try scanned.read(code)
        return seen.judge(code, now: now)
      }
    } catch {
      return Failure(error == .unknown ? .cardUnknown : .cardDataIncorrect, .otherCard)
    }
    if let place = scanned.consumer?.languages {
      languages = scanned.withContent { PreferredLanguages($0.extracting(place)) }
    }
    switch verdict {
    case .fresh: return nil
    case .repeated: return Failure(.cardBlocked, .otherCard)
    case .full: return Failure(.pleaseWait)
    }
  }

  private mutating func remember(now: Instant) {
    lines.withLine { line in seen.remember(line.extracting(ScannedText(line).code), now: now) }
  }

  /// What the record says is never a card's: the scheme is the wallet's number, and the number that
  /// is shown is the code's.
  private borrowing func describe(
    _ terminal: borrowing Terminal, in record: inout Record
  ) throws(Overflow) {
    let match = scanned.match
    record.entryMode = .code
    record.scheme = .some(match.wallet.recorded)
    try record.schemeRule.append(match.rule)
    record.schemeOverlap = match.overlaps.map { $0.recorded } ?? cardOverlap()
    try lines.withLine { (line) throws(Overflow) in
      try CodeMask.mask(
        line.extracting(ScannedText(line).code), leading: terminal.masking.leading,
        trailing: terminal.masking.trailing, into: &record.maskedPAN)
    }
  }

  /// The card scheme whose numbers begin like this code and are as long.
  private borrowing func cardOverlap() -> UInt8? {
    guard scanned.consumer == nil else { return nil }
    return scanned.withContent { code in
      guard PAN.isWellFormed(code) else { return nil }
      let scheme = SchemeMatch(pan: code).scheme
      return scheme == .unknown ? nil : .some(scheme.rawValue)
    }
  }

  private borrowing func encode(into plaintext: inout Bytes<239>) throws(CardDataError) {
    let isConsumer = scanned.consumer != nil
    try scanned.withContent { (code) throws(CardDataError) in
      try CardData.encode(code: code, isConsumer: isConsumer, into: &plaintext)
    }
  }
}

extension Wallet {
  /// The numbers of wallets among those of card schemes (docs/PROTOCOL.md).
  var recorded: UInt8 { 64 + rawValue }
}
