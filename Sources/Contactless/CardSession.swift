// The EMV contactless dialogue with one card: what to send next, what became of the answer. Knows
// no radio and no time. Online only: it ends with a cryptogram for the issuer, or with a reason.
//
//   SELECT PPSE → SELECT AID → GET PROCESSING OPTIONS → READ RECORD … → GENERATE AC
//
// The last step falls away when the card has given its cryptogram before.

import Octets

/// A command APDU: at most 5 + 255 + 1 bytes.
public typealias CommandAPDU = Bytes<261>

public struct CardSession: ~Copyable {
  public enum Step: Equatable, Sendable {
    /// `command` is to be sent, its answer to be handed to `answer`.
    case send
    /// The card gave an ARQC; `data` and the rest stay until the next `begin` or `wipe`.
    case read
    case failed(TapFailure)
  }

  private enum State {
    case idle
    case directory
    /// SELECT of `application`.
    case selecting
    case options
    /// READ RECORD at this place of the AFL.
    case records(RecordPlace)
    case cryptogram
    case ended
  }

  private var state = State.idle
  public private(set) var command = CommandAPDU()
  private var candidates = Candidates()
  /// The application that was chosen last.
  public private(set) var application: Application?
  /// What all of its answers said, without the answer to SELECT.
  public private(set) var data = DataObjects()
  /// 84, as the card gave it.
  private var name = Bytes<16>()
  /// 9F38.
  private var optionsList = Bytes<255>()
  /// 5F2D of the answer to SELECT: up to four languages of two letters; empty without it.
  public private(set) var languages = Bytes<8>()
  /// 94.
  private var locator = Bytes<252>()
  var terminal: TerminalData?

  public init() {}

  public mutating func wipe() {
    command.wipe()
    data.wipe()
    name.wipe()
    languages.removeAll()
    optionsList.wipe()
    locator.wipe()
    application = nil
    terminal = nil
    state = .idle
  }

  // MARK: The dialogue

  /// Begins with a card that has just come; `unpredictable` is random and new.
  public mutating func begin(
    _ request: TapRequest, at terminal: TapTerminal, unpredictable: UInt32
  ) -> Step {
    wipe()
    self.terminal = TerminalData(
      terminal: terminal, request: request, unpredictable: unpredictable)
    if request.amount > TapRequest.largestAmount { return fail(.aboveLimit) }
    if let limit = terminal.tapLimit, request.amount >= limit { return fail(.aboveLimit) }
    state = .directory
    withLiteral("2PAY.SYS.DDF01") { select($0) }
    return .send
  }

  /// Takes the answer to `command`.
  public mutating func answer(_ response: Span<UInt8>) -> Step {
    guard response.count >= 2 else { return fail(.fault(.noStatus)) }
    let body = response.extracting(..<(response.count - 2))
    let status = UInt16(response[response.count - 2]) << 8 | UInt16(response[response.count - 1])
    do throws(CardFault) {
      switch state {
      case .directory: return takeDirectory(body, status)
      case .selecting: return try takeSelection(body, status)
      case .options: return try takeOptions(body, status)
      case .records(let place): return try takeRecord(body, status, place)
      case .cryptogram: return try takeCryptogram(body, status)
      case .idle, .ended: return fail(.fault(.wrongTemplate))
      }
    } catch { return fail(.fault(error)) }
  }

  private mutating func fail(_ failure: TapFailure) -> Step {
    state = .ended
    return .failed(failure)
  }

  /// Replaces `command` by one with data and Le 00.
  private mutating func put(_ head: UInt32, _ data: Span<UInt8>) {
    command.removeAll()
    do throws(Overflow) {
      try command.append(bigEndian: head)
      try command.append(UInt8(truncatingIfNeeded: data.count))
      try command.append(data)
      try command.append(0)
    } catch { preconditionFailure("data of at most 255 bytes fits") }
  }

  private mutating func select(_ name: Span<UInt8>) { put(0x00A4_0400, name) }
}

// MARK: Choosing an application

extension CardSession {
  private mutating func takeDirectory(_ body: Span<UInt8>, _ status: UInt16) -> Step {
    guard let list = terminal?.terminal.applications else { return fail(.noApplication) }
    candidates = Candidates()
    if status == 0x9000 {
      do { candidates = try Candidates(directory: body, taking: list) } catch {
        return fail(.fault(.malformed))
      }
      return tryNext()
    }
    candidates = Candidates(list)
    return tryNext()
  }

  private mutating func tryNext() -> Step {
    guard let next = candidates.takeFirst() else { return fail(.noApplication) }
    application = next
    data.wipe()
    terminal?.kernel = next.kernel
    state = .selecting
    next.aid.withBytes { select($0) }
    return .send
  }

  /// `6F{84, A5{9F38, 5F2D …}}`. An application that is blocked or missing is passed over, as is
  /// one that is not what was asked for.
  private mutating func takeSelection(
    _ body: Span<UInt8>, _ status: UInt16
  ) throws(CardFault) -> Step {
    guard status == 0x9000 else { return tryNext() }
    name.removeAll()
    languages.removeAll()
    optionsList.removeAll()
    do throws(TLVError) {
      guard let file = try TLV.find(0x6F, in: body) else { return tryNext() }
      let control = body.extracting(file)
      guard let place = try TLV.find(0x84, in: control), keepName(control.extracting(place)) else {
        return tryNext()
      }
      if let proprietary = try TLV.find(0xA5, in: control) {
        let inner = control.extracting(proprietary)
        if let list = try TLV.find(0x9F38, in: inner) {
          do { try optionsList.append(inner.extracting(list)) } catch { return tryNext() }
        }
        if let codes = try TLV.find(0x5F2D, in: inner) {
          // A list that is too long is no list: it decides nothing.
          do { try languages.append(inner.extracting(codes)) } catch {}
        }
      }
    } catch { return tryNext() }
    try askOptions()
    return .send
  }

  /// Whether the card selected what it was asked for: its name begins with the one asked for.
  private mutating func keepName(_ given: Span<UInt8>) -> Bool {
    guard let aid = AID(given), let wanted = application?.aid, aid.begins(with: wanted) else {
      return false
    }
    do { try name.append(given) } catch { return false }
    return true
  }

  /// The application identifier as the card gave it (84); nil before an application was selected.
  public var selectedName: AID? { name.withBytes { AID($0) } }
}

// MARK: Getting its data

extension CardSession {
  private mutating func askOptions() throws(CardFault) {
    guard let terminal else { throw .wrongTemplate }
    var values = Bytes<252>()
    try optionsList.withBytes { (list) throws(CardFault) in
      try ObjectList.answer(list, terminal, data, into: &values)
    }
    var template = Bytes<255>()
    do throws(Overflow) {
      try values.withBytes { (values) throws(Overflow) in
        try template.append(tag: 0x83, value: values)
      }
    } catch { throw .tooMuchData }
    template.withBytes { put(0x80A8_0000, $0) }
    state = .options
  }

  private mutating func takeOptions(
    _ body: Span<UInt8>, _ status: UInt16
  ) throws(CardFault) -> Step {
    switch status {
    case 0x9000: break
    case 0x6984: return fail(.otherInterface)
    case 0x6985: return tryNext()
    case 0x6986: return fail(.seePhone)
    default: throw .status(status)
    }
    try keepAnswer(body, format1: .options)
    guard data.with(0x82, { $0.count == 2 }) ?? false else { throw .missing(0x82) }
    if application?.kernel == .mastercard, data.byte(1, of: 0x82)! & 0x80 == 0 {
      // AIP byte 2 bit 8: EMV mode. Without it the card has its magnetic-stripe mode only.
      return fail(.otherInterface)
    }
    locator.removeAll()
    _ = try data.with(0x94) { (list) throws(CardFault) in
      do throws(Overflow) { try locator.append(list) } catch { throw CardFault.tooMuchData }
    }
    let place = try locator.withBytes { (list) throws(CardFault) in
      try RecordPlace(locator: list)
    }
    return try proceed(to: place)
  }

  /// Reads the next record, or goes on behind the last.
  private mutating func proceed(to place: RecordPlace?) throws(CardFault) -> Step {
    guard let place else { return try proceedBehindRecords() }
    command.removeAll()
    do throws(Overflow) {
      try command.append(bigEndian: UInt32(0x00B2_0000) | place.parameters)
      try command.append(0)
    } catch { preconditionFailure("five bytes fit") }
    state = .records(place)
    return .send
  }

  private mutating func takeRecord(
    _ body: Span<UInt8>, _ status: UInt16, _ place: RecordPlace
  ) throws(CardFault) -> Step {
    guard status == 0x9000 else { throw .status(status) }
    // Files above 10 are the scheme's or issuer's own and need not be data objects (Book 3 section
    // 7.1): they are read and left.
    if place.file <= 10 { try data.add(template: try only(0x70, in: body)) }
    let next = try locator.withBytes { (list) throws(CardFault) in
      try place.next(locator: list)
    }
    return try proceed(to: next)
  }

  private enum Format1 { case options, cryptogram }

  /// Adds an answer in format 2 (77, data objects) or format 1 (80, values in a fixed order).
  private mutating func keepAnswer(
    _ body: Span<UInt8>, format1: Format1
  ) throws(CardFault) {
    var offset = 0
    let object: TLV?
    do { object = try TLV.next(in: body, from: &offset) } catch { throw .malformed }
    guard let object, offset == body.count else { throw .malformed }
    let value = body.extracting(object.value)
    switch (object.tag, format1) {
    case (0x77, _): try data.add(template: value)
    // Book 3 section 6.5.8.4: AIP, AFL.
    case (0x80, .options):
      guard value.count >= 2 else { throw .malformed }
      try data.add(0x82, value.extracting(0..<2))
      if value.count > 2 { try data.add(0x94, value.extracting(2...)) }
    // Book 3 section 6.5.5.4: CID, ATC, cryptogram, issuer's data.
    case (0x80, .cryptogram):
      guard value.count >= 11 else { throw .malformed }
      try data.add(0x9F27, value.extracting(0..<1))
      try data.add(0x9F36, value.extracting(1..<3))
      try data.add(0x9F26, value.extracting(3..<11))
      if value.count > 11 { try data.add(0x9F10, value.extracting(11...)) }
    default: throw .wrongTemplate
    }
  }

  /// The value of the one object that an answer consists of.
  @_lifetime(copy body)
  private func only(_ tag: UInt32, in body: Span<UInt8>) throws(CardFault) -> Span<UInt8> {
    var offset = 0
    let object: TLV?
    do { object = try TLV.next(in: body, from: &offset) } catch { throw .malformed }
    guard let object, offset == body.count else { throw .malformed }
    guard object.tag == tag else { throw .wrongTemplate }
    return body.extracting(object.value)
  }
}

// MARK: The cryptogram

extension CardSession {
  /// The card has given its cryptogram with its options, or is asked for one now.
  private mutating func proceedBehindRecords() throws(CardFault) -> Step {
    try judgeVerification()
    if data.has(0x9F26) { return try end() }
    guard let terminal else { throw .wrongTemplate }
    var values = Bytes<255>()
    guard data.has(0x8C) else { throw .missing(0x8C) }
    _ = try data.with(0x8C) { (list) throws(CardFault) in
      try ObjectList.answer(list, terminal, data, into: &values)
    }
    // P1 80: an ARQC, without a combined signature: that would hide the cryptogram inside.
    values.withBytes { put(0x80AE_8000, $0) }
    state = .cryptogram
    return .send
  }

  private mutating func takeCryptogram(
    _ body: Span<UInt8>, _ status: UInt16
  ) throws(CardFault) -> Step {
    switch status {
    case 0x9000: break
    case 0x6984: return fail(.otherInterface)
    case 0x6986: return fail(.seePhone)
    default: throw .status(status)
    }
    try keepAnswer(body, format1: .cryptogram)
    guard data.has(0x9F26) else { throw .missing(0x9F26) }
    return try end()
  }

  private mutating func end() throws(CardFault) -> Step {
    try completeAnswer()
    try checkAnswer()
    switch data.byte(0, of: 0x9F27)! & 0xC0 {
    // EMV Book 3 table 15: AAC, TC, ARQC.
    case 0x80: break
    case 0x00: return fail(.declined)
    // It approves by itself, which this reader cannot check and did not ask for.
    default: throw .contradiction(0x9F27)
    }
    state = .ended
    return .read
  }

  /// Calls `add` for what the reader itself says of the card.
  mutating func add(_ tag: UInt32, byte: UInt8) throws(CardFault) {
    let value: [1 of UInt8] = [byte]
    try data.add(tag, value.span)
  }
}
