// Messages from deterministic CBOR. What a newer peer added is passed over, what is missing or out
// of range is named.

import Octets

/// Walks over the entries of one message.
struct MessageReader: ~Copyable, ~Escapable {
  private var cbor: CBORReader
  private var left = 0
  private(set) var key = -1
  private(set) var type: UInt64 = 0

  /// Reads as far as the type.
  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) throws(MessageError) {
    cbor = CBORReader(bytes)
    do throws(CBORError) {
      left = try cbor.map(atMost: 64)
      guard left > 0, try cbor.key(after: &key) == 0 else { throw .unexpectedType }
      left -= 1
      type = try cbor.unsigned()
    } catch { throw .malformed(error) }
  }

  /// The next key; nil, after checking that nothing follows, at the end.
  mutating func next() throws(MessageError) -> Int? {
    do throws(CBORError) {
      guard left > 0 else {
        try cbor.end()
        return nil
      }
      left -= 1
      return try cbor.key(after: &key)
    } catch { throw .malformed(error) }
  }

  /// Passes over the value of a key this version does not know.
  mutating func skip() throws(MessageError) {
    do { try cbor.skip() } catch { throw .malformed(error) }
  }

  /// Passes over everything else.
  mutating func skipAll() throws(MessageError) {
    while try next() != nil { try skip() }
  }

  mutating func unsigned(_ range: ClosedRange<UInt64> = 0...UInt64.max) throws(MessageError)
    -> UInt64
  {
    let value: UInt64
    do { value = try cbor.unsigned() } catch { throw .malformed(error) }
    guard range.contains(value) else { throw .outOfRange(key: key) }
    return value
  }

  mutating func byte() throws(MessageError) -> UInt8 { UInt8(try unsigned(0...0xFF)) }

  mutating func bool() throws(MessageError) -> Bool {
    do { return try cbor.bool() } catch { throw .malformed(error) }
  }

  mutating func reference() throws(MessageError) -> Reference {
    let reference: Reference?
    do { reference = Reference(try cbor.text(atMost: Reference.capacity)) } catch {
      throw .malformed(error)
    }
    guard let reference else { throw .outOfRange(key: key) }
    return reference
  }

  mutating func label() throws(MessageError) -> Label {
    let label: Label?
    do { label = Label(try cbor.text(atMost: Label.capacity)) } catch { throw .malformed(error) }
    guard let label else { throw .outOfRange(key: key) }
    return label
  }

  mutating func language() throws(MessageError) -> LanguageCode {
    let code: LanguageCode?
    do { code = LanguageCode(try cbor.text(atMost: 2)) } catch { throw .malformed(error) }
    guard let code else { throw .outOfRange(key: key) }
    return code
  }

  /// The type of a request that is answered with `response`.
  mutating func request() throws(MessageError) -> MessageType {
    guard let type = MessageType(rawValue: try unsigned()) else { throw .outOfRange(key: key) }
    switch type {
    case .payment, .abort, .outcome, .choice, .code: return type
    default: throw .outOfRange(key: key)
    }
  }

  /// A value of an enumeration; others are out of range.
  mutating func known<Value>(_ value: (UInt8) -> Value?) throws(MessageError) -> Value {
    guard let value = value(try byte()) else { throw .outOfRange(key: key) }
    return value
  }

  /// The head of an array of `range` elements.
  mutating func array(_ range: ClosedRange<Int>) throws(MessageError) -> Int {
    let count: Int
    do { count = try cbor.array(atMost: range.upperBound) } catch { throw .malformed(error) }
    guard range.contains(count) else { throw .outOfRange(key: key) }
    return count
  }

  mutating func origin() throws(MessageError) -> Origin {
    let origin: Origin?
    do { origin = Origin(try cbor.bytes(atMost: 16)) } catch { throw .malformed(error) }
    guard let origin else { throw .outOfRange(key: key) }
    return origin
  }

  mutating func digest() throws(MessageError) -> Digest {
    let digest: Digest?
    do { digest = Digest(try cbor.bytes(atMost: Digest.size)) } catch { throw .malformed(error) }
    guard let digest else { throw .outOfRange(key: key) }
    return digest
  }

  /// The tree of `size` leaves with these full subtrees.
  mutating func tree(_ size: UInt64) throws(MessageError) -> MerkleTree {
    let tree: MerkleTree?
    do {
      let peaks = try cbor.bytes(atMost: LinkLimits.peaks * Digest.size)
      tree = MerkleTree(size: size, peaks: peaks)
    } catch { throw .malformed(error) }
    guard let tree else { throw .outOfRange(key: key) }
    return tree
  }

  /// Where a text of at most `limit` bytes of UTF-8 lies in the message.
  mutating func textRange(atMost limit: Int) throws(MessageError) -> Range<Int> {
    do {
      let count = try cbor.text(atMost: limit).count
      return (cbor.offset - count)..<cbor.offset
    } catch { throw .malformed(error) }
  }

  /// Where a byte string of at most `limit` bytes lies in the message.
  mutating func range(atMost limit: Int) throws(MessageError) -> Range<Int> {
    do {
      let count = try cbor.bytes(atMost: limit).count
      return (cbor.offset - count)..<cbor.offset
    } catch { throw .malformed(error) }
  }
}

func required<T>(_ value: T?, _ key: Int) throws(MessageError) -> T {
  guard let value else { throw .missing(key: key) }
  return value
}

extension RegisterMessage {
  /// Reads one whole message.
  public init(decoding bytes: Span<UInt8>) throws(MessageError) {
    var reader = try MessageReader(bytes)
    switch MessageType(rawValue: reader.type) {
    case .payment: self = .payment(try PaymentRequest(&reader))
    case .abort: self = .abort(try reader.onlyReference())
    case .transactionStatus: self = .transactionStatus(try reader.onlyReference())
    case .time:
      var time: UInt64?
      var takesParity = false
      while let key = try reader.next() {
        switch key {
        case 1: time = try reader.unsigned()
        case 2: takesParity = try reader.bool()
        default: try reader.skip()
        }
      }
      self = .time(unixMilliseconds: time, takesParity: takesParity)
    case .acknowledgement: self = .acknowledgement(try Acknowledgement(&reader))
    case .outcome: self = .outcome(try OutcomeReport(&reader))
    case .choice: self = .choice(try Choice(&reader))
    case .totalsRequest: self = .totals(try TotalsRequest(&reader))
    case .diagnosisRequest:
      try reader.skipAll()
      self = .diagnosis
    case .returnedRecord: self = .returnedRecord(try RecordMessage(&reader))
    case .code: self = .code(try CodeRequest(&reader))
    case .response, .event, .record, .transactionStatusResponse, .boot, .totals, .diagnosis,
      .recall, .error, nil:
      try reader.skipAll()
      self = .unknown(type: reader.type)
    }
  }
}

extension MessageReader {
  fileprivate mutating func onlyReference() throws(MessageError) -> Reference {
    var reference: Reference?
    while let key = try next() {
      if key == 1 { reference = try self.reference() } else { try skip() }
    }
    return try required(reference, 1)
  }
}

extension Acknowledgement {
  fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
    var origin: Origin?
    var size: UInt64?
    var root: Digest?
    var early: UInt64?
    while let key = try reader.next() {
      switch key {
      case 1: origin = try reader.origin()
      case 2: size = try reader.unsigned()
      case 3: root = try reader.digest()
      case 4: early = try reader.unsigned()
      default: try reader.skip()
      }
    }
    self.init(
      origin: try required(origin, 1), size: try required(size, 2), root: try required(root, 3),
      early: early)
  }
}

extension ControllerMessage {
  /// Reads one whole message.
  public init(decoding bytes: Span<UInt8>) throws(MessageError) {
    var reader = try MessageReader(bytes)
    switch MessageType(rawValue: reader.type) {
    case .response: self = .response(try Response(&reader))
    case .event: self = .event(try Event(&reader))
    case .record: self = .record(try RecordMessage(&reader))
    case .transactionStatusResponse: self = .transactionStatus(try TransactionStatus(&reader))
    case .boot: self = .boot(try BootInfo(&reader))
    case .totals: self = .totals(try Totals(&reader))
    case .diagnosis: self = .diagnosis(try Diagnosis(&reader))
    case .recall: self = .recall(try Recall(&reader))
    case .error: self = .error(try ErrorMessage(&reader))
    case .payment, .abort, .transactionStatus, .time, .acknowledgement, .outcome, .choice,
      .totalsRequest, .diagnosisRequest, .returnedRecord, .code, nil:
      try reader.skipAll()
      self = .unknown(type: reader.type)
    }
  }
}

extension Response {
  fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
    var reference: Reference?
    var request: MessageType?
    var isAccepted: Bool?
    var reason: UInt8?
    var payload: Range<Int>?
    while let key = try reader.next() {
      switch key {
      case 1: reference = try reader.reference()
      case 2: request = try reader.request()
      case 3: isAccepted = try reader.bool()
      case 4: reason = try reader.byte()
      case 5: payload = .some(try reader.textRange(atMost: CodeRequest.limit))
      default: try reader.skip()
      }
    }
    self.init(
      to: try required(request, 2), try required(reference, 1),
      isAccepted: try required(isAccepted, 3),
      reason: Reason(rawValue: try required(reason, 4)))
    self.payload = payload
    guard payload == nil || self.request == .code else { throw .outOfRange(key: 5) }
    if self.request == .code, self.isAccepted, payload == nil { throw .missing(key: 5) }
  }
}

extension RecordMessage {
  fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
    var origin: Origin?
    var index: UInt64?
    var sealed: Range<Int>?
    while let key = try reader.next() {
      switch key {
      case 1: origin = try reader.origin()
      case 2: index = try reader.unsigned()
      case 3: sealed = try reader.range(atMost: LinkLimits.record)
      default: try reader.skip()
      }
    }
    self.init(
      origin: try required(origin, 1), index: try required(index, 2),
      sealed: try required(sealed, 3))
  }
}

extension TransactionStatus {
  fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
    var reference: Reference?
    var number: UInt64?
    var origin: Origin?
    var index: UInt64?
    var reason: UInt8?
    while let key = try reader.next() {
      switch key {
      case 1: reference = try reader.reference()
      case 2: number = try reader.unsigned(0...3)
      case 3: origin = try reader.origin()
      case 4: index = try reader.unsigned()
      case 5: reason = try reader.byte()
      default: try reader.skip()
      }
    }
    let state: State =
      switch try required(number, 2) {
      case 0: .notFound
      case 1: .inProgress
      case 2: .processed(origin: try required(origin, 3), index: try required(index, 4))
      default: .ended(Reason(rawValue: try required(reason, 5)))
      }
    self.init(try required(reference, 1), state)
  }
}

extension BootInfo {
  fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
    var version: UInt64?
    var origin: Origin?
    var first: UInt64?
    var next: UInt64?
    var epoch: UInt64?
    var root: Digest?
    var size: UInt64?
    var start: MerkleTree?
    while let key = try reader.next() {
      switch key {
      case 1: version = try reader.unsigned()
      case 2: origin = try reader.origin()
      case 3: first = try reader.unsigned()
      case 4: next = try reader.unsigned()
      case 5: epoch = try reader.unsigned()
      case 6: root = try reader.digest()
      case 7: size = try reader.unsigned()
      case 8: start = try reader.tree(try required(size, 7))
      default: try reader.skip()
      }
    }
    self.init(
      origin: try required(origin, 2), first: try required(first, 3),
      next: try required(next, 4), epoch: try required(epoch, 5), root: try required(root, 6),
      start: try required(start, 8))
    self.version = try required(version, 1)
    guard self.first <= self.next else { throw .outOfRange(key: 3) }
    guard self.start.size >= self.first, self.start.size <= self.next else {
      throw .outOfRange(key: 7)
    }
  }
}

extension Recall {
  fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
    var origin: Origin?
    var index: UInt64?
    while let key = try reader.next() {
      switch key {
      case 1: origin = try reader.origin()
      case 2: index = try reader.unsigned()
      default: try reader.skip()
      }
    }
    self.init(origin: try required(origin, 1), index: try required(index, 2))
  }
}

extension ErrorMessage {
  fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
    var type: UInt64?
    var reason: UInt8?
    while let key = try reader.next() {
      switch key {
      case 1: type = try reader.unsigned()
      case 2: reason = try reader.byte()
      default: try reader.skip()
      }
    }
    self.init(
      type: try required(type, 1), reason: Reason(rawValue: try required(reason, 2)))
  }
}

/// The type of a message that may be malformed otherwise; 0 when not even that can be read.
func messageType(of bytes: Span<UInt8>) -> UInt64 {
  do { return try MessageReader(bytes).type } catch { return 0 }
}
