// From the edges of a swipe to a sealed record: decode, identify, encrypt, seal. Clear card data
// exists only inside `read`, in buffers that are wiped before it returns.

import Identity
import Link
import Magstripe
import Octets
import Vault

/// What a swipe came to.
enum SwipeResult: Equatable {
  /// Encrypted and sealed; the tracks that were read.
  case sealed(StripeTrackSet)
  /// The tracks that had a signal, and why nothing came of them.
  case failed(Failure, StripeTrackSet)
}

/// The buffers in which a swipe becomes a record.
struct CardReading: ~Copyable {
  private var tracks = StripeTracks()
  var plaintext = Bytes<239>()
  /// The masked number of what was encrypted last.
  private(set) var masked = Bytes<19>()

  init() {}

  /// Decodes what `head` collected and makes it record `index` of `order`. `head` is wiped in any
  /// case. A swipe that cannot be read or is not allowed spends no key.
  mutating func read(
    _ head: inout StripeHead, for order: Order, index: UInt64,
    terminal: borrowing Terminal, lease: inout KeyLease, clock: WallClock, now: Instant,
    into sealed: inout Bytes<560>
  ) -> SwipeResult {
    defer {
      tracks.wipe()
      plaintext.wipe()
    }
    let report = head.decode(into: &tracks)
    guard report.hasGoodTrack else {
      return .failed(
        Failure(report.isBlank ? .noCardData : .cardNotReadable), report.signals)
    }
    if order.refusesChipStripe, tracks.tellOfChip {
      return .failed(Failure(.stripeNotAllowed, .otherMethod), report.good)
    }
    var record = Record()
    do throws(Overflow) {
      try describe(order, index: index, terminal, clock, now: now, in: &record)
      try identify(terminal, in: &record)
      record.swipe = report.swipe
      guard try encryptTracks(with: &lease, in: &record) else {
        return .failed(Failure(.keysExhausted), report.good)
      }
      do throws(RecordError) {
        try record.seal(with: terminal.recordKey, into: &sealed)
      } catch { throw Overflow() }
    } catch {
      // The fields are as long as what they come from; were that ever wrong, the payment fails
      // loudly instead of a record going out that nobody can open.
      return .failed(Failure(.processingError), report.good)
    }
    return .sealed(report.good)
  }

  borrowing func describe(
    _ order: Order, index: UInt64, _ terminal: borrowing Terminal, _ clock: WallClock,
    now: Instant, in record: inout Record
  ) throws(Overflow) {
    record.index = index
    record.epoch = terminal.epoch
    record.kind = order.request.kind.recorded
    record.amount = order.request.recorded(order.total)
    record.unixMilliseconds = clock.unixMilliseconds(at: now)
    record.isClockSet = clock.isSet
    record.uptimeMilliseconds = now.milliseconds
    try terminal.origin.append(to: &record.origin)
    try order.reference.withText { (text) throws(Overflow) in try record.reference.append(text) }
    try terminal.device.withBytes { (bytes) throws(Overflow) in try record.device.append(bytes) }
    try terminal.firmware.withBytes { (text) throws(Overflow) in try record.firmware.append(text) }
  }

  /// Puts into the record what may be known of the card: from track 2, the one acquirers use, or
  /// else from track 1. A stripe without a card number leaves these fields absent.
  private borrowing func identify(
    _ terminal: borrowing Terminal, in record: inout Record
  ) throws(Overflow) {
    try identify(.two, tracks.two, terminal, in: &record)
    if record.maskedPAN.isEmpty { try identify(.one, tracks.one, terminal, in: &record) }
  }

  private borrowing func identify(
    _ track: StripeTrack, _ text: borrowing TrackText, _ terminal: borrowing Terminal,
    in record: inout Record
  ) throws(Overflow) {
    guard let fields = CardFields(track, text) else { return }
    try text.withBytes { (text) throws(Overflow) in
      try identify(fields, in: text, terminal, &record)
    }
  }

  private borrowing func identify(
    _ fields: CardFields, in text: Span<UInt8>, _ terminal: borrowing Terminal,
    _ record: inout Record
  ) throws(Overflow) {
    let pan = text.extracting(fields.accountNumber)
    try terminal.masking.mask(pan, into: &record.maskedPAN)
    let match = SchemeMatch(pan: pan)
    record.scheme = .some(match.scheme.rawValue)
    try record.schemeRule.append(match.rule)
    if let overlap = match.overlaps { record.schemeOverlap = .some(overlap.rawValue) }
    if let expiry = fields.expiry { try record.expiry.append(text.extracting(expiry)) }
    if let code = fields.serviceCode { try record.serviceCode.append(text.extracting(code)) }
    if let token = terminal.tokenKey.token(of: pan) {
      try token.withBytes { (bytes) throws(Overflow) in try record.token.append(bytes) }
    }
  }

  private mutating func encryptTracks(
    with lease: inout KeyLease, in record: inout Record
  ) throws(Overflow) -> Bool {
    do throws(CardDataError) { try encodeTracks() } catch { throw Overflow() }
    return try encrypt(with: &lease, in: &record)
  }

  /// Encrypts `plaintext`. False when there is no key to encrypt under.
  mutating func encrypt(
    with lease: inout KeyLease, in record: inout Record
  ) throws(Overflow) -> Bool {
    let use: KeyUse
    do throws(VaultError) {
      use = try plaintext.withBytes { (plaintext) throws(VaultError) in
        try CardCipher.encrypt(plaintext, with: &lease, into: &record.ciphertext)
      }
    } catch { return false }
    record.algorithm = use.algorithm == .tdes ? .tdesDUKPT : .aesDUKPT
    masked.removeAll()
    try record.maskedPAN.withBytes { (text) throws(Overflow) in try masked.append(text) }
    try use.serial.withBytes { (serial) throws(Overflow) in try record.ksn.append(serial) }
    return true
  }

  private mutating func encodeTracks() throws(CardDataError) {
    try tracks.one.withBytes { (one) throws(CardDataError) in
      try tracks.two.withBytes { (two) throws(CardDataError) in
        try tracks.three.withBytes { (three) throws(CardDataError) in
          try CardData.encode(
            track1: one.withoutSentinels, track2: two.withoutSentinels,
            track3: three.withoutSentinels, into: &plaintext)
        }
      }
    }
  }
}

extension Span where Element == UInt8 {
  /// A good track's characters between its sentinels; nothing of a track that was not read.
  fileprivate var withoutSentinels: Span<UInt8> {
    @_lifetime(copy self) get { count > 2 ? extracting(1..<(count - 1)) : extracting(0..<0) }
  }
}

extension StripeTracks {
  /// Whether the card's service code says that it has a chip.
  fileprivate var tellOfChip: Bool { Self.tellsOfChip(.two, two) || Self.tellsOfChip(.one, one) }

  private static func tellsOfChip(_ track: StripeTrack, _ text: borrowing TrackText) -> Bool {
    guard let code = CardFields(track, text)?.serviceCode else { return false }
    return text.withBytes { ServiceCode($0.extracting(code))?.hasChip ?? false }
  }
}

extension StripeReport {
  fileprivate static var tracks: [3 of StripeTrack] { [.one, .two, .three] }

  private func tracks(_ isWanted: (StripeOutcome) -> Bool) -> StripeTrackSet {
    var set = StripeTrackSet.none
    for index in 0..<3 where isWanted(self[Self.tracks[index]].outcome) {
      set = set.with(Self.tracks[index])
    }
    return set
  }

  /// The tracks that were read.
  fileprivate var good: StripeTrackSet { tracks { $0.isGood } }
  /// The tracks that had a signal, readable or not.
  fileprivate var signals: StripeTrackSet { tracks { $0 != .blank } }

  /// What the record says of the reading.
  fileprivate var swipe: Record.Swipe {
    var isBackward = false
    for index in 0..<3 where self[Self.tracks[index]].outcome == .good(.backward) {
      isBackward = true
    }
    return Record.Swipe(
      isBackward: isBackward, track1: self[.one].outcome.state, track2: self[.two].outcome.state,
      track3: self[.three].outcome.state)
  }
}

extension StripeOutcome {
  fileprivate var state: Record.TrackState {
    switch self {
    case .blank: .blank
    case .good: .read
    case .unreadable: .unreadable
    }
  }
}
