// Messages to deterministic CBOR. Keys ascend, so key 0, the type, comes first.

import Octets

extension Bytes {
  /// A map of `count` entries besides the type.
  mutating func begin(_ type: MessageType, _ count: Int) throws(Overflow) {
    try appendCBOR(map: count + 1)
    try field(0, type.rawValue)
  }

  mutating func field<I: FixedWidthInteger & UnsignedInteger>(
    _ key: UInt64, _ value: I
  ) throws(Overflow) {
    try appendCBOR(unsigned: key)
    try appendCBOR(unsigned: UInt64(value))
  }

  mutating func field(_ key: UInt64, _ reference: Reference) throws(Overflow) {
    try appendCBOR(unsigned: key)
    try reference.withText { (text) throws(Overflow) in try appendCBOR(text: text) }
  }

  mutating func field(_ key: UInt64, _ label: Label) throws(Overflow) {
    try appendCBOR(unsigned: key)
    try label.withText { (text) throws(Overflow) in try appendCBOR(text: text) }
  }

  mutating func field(_ key: UInt64, _ language: LanguageCode) throws(Overflow) {
    try appendCBOR(unsigned: key)
    try language.withLetters { (letters) throws(Overflow) in try appendCBOR(text: letters) }
  }

  mutating func field(_ key: UInt64, _ value: Bool) throws(Overflow) {
    try appendCBOR(unsigned: key)
    try appendCBOR(bool: value)
  }

  /// A pair of numbers.
  mutating func field(_ key: UInt64, _ one: UInt64, _ two: UInt64) throws(Overflow) {
    try appendCBOR(unsigned: key)
    try appendCBOR(array: 2)
    try appendCBOR(unsigned: one)
    try appendCBOR(unsigned: two)
  }

  mutating func field(_ key: UInt64, _ origin: Origin) throws(Overflow) {
    try appendCBOR(unsigned: key)
    try appendCBOR(bytesHeader: 16)
    try origin.append(to: &self)
  }

  fileprivate mutating func field(_ key: UInt64, _ digest: Digest) throws(Overflow) {
    try appendCBOR(unsigned: key)
    try digest.withBytes { (digest) throws(Overflow) in try appendCBOR(bytes: digest) }
  }

  fileprivate mutating func record(
    _ type: MessageType, origin: Origin, index: UInt64, sealed: Span<UInt8>
  ) throws(Overflow) {
    guard sealed.count <= LinkLimits.record else { throw Overflow() }
    try begin(type, 3)
    try field(1, origin)
    try field(2, index)
    try appendCBOR(unsigned: 3)
    try appendCBOR(bytes: sealed)
  }
}

extension RegisterMessage {
  /// Appends the message. Throws when `bytes` has not enough room.
  public func encode<let capacity: Int>(into bytes: inout Bytes<capacity>) throws(Overflow) {
    switch self {
    case .payment(let request): try request.encode(into: &bytes)
    case .abort(let reference):
      try bytes.begin(.abort, 1)
      try bytes.field(1, reference)
    case .transactionStatus(let reference):
      try bytes.begin(.transactionStatus, 1)
      try bytes.field(1, reference)
    case .time(let milliseconds, let takesParity):
      try bytes.begin(.time, (milliseconds == nil ? 0 : 1) + (takesParity ? 1 : 0))
      if let milliseconds { try bytes.field(1, milliseconds) }
      if takesParity { try bytes.field(2, true) }
    case .acknowledgement(let acknowledgement):
      try bytes.begin(.acknowledgement, acknowledgement.early == nil ? 3 : 4)
      try bytes.field(1, acknowledgement.origin)
      try bytes.field(2, acknowledgement.size)
      try bytes.field(3, acknowledgement.root)
      if let early = acknowledgement.early { try bytes.field(4, early) }
    case .outcome(let report): try report.encode(into: &bytes)
    case .choice(let choice):
      try bytes.begin(.choice, 2)
      try bytes.field(1, choice.reference)
      try bytes.field(2, choice.tip)
    case .totals(let request): try request.encode(into: &bytes)
    case .diagnosis: try bytes.begin(.diagnosisRequest, 0)
    case .returnedRecord: preconditionFailure("records are encoded with their bytes")
    case .code: preconditionFailure("a code request is encoded with its template")
    case .unknown: preconditionFailure("only what we know is sent")
    }
  }
}

extension TransactionStatus {
  fileprivate func encode<let capacity: Int>(into bytes: inout Bytes<capacity>) throws(Overflow) {
    let (number, optional): (UInt64, Int) =
      switch state {
      case .notFound: (0, 0)
      case .inProgress: (1, 0)
      case .processed: (2, 2)
      case .ended: (3, 1)
      }
    try bytes.begin(.transactionStatusResponse, 2 + optional)
    try bytes.field(1, reference)
    try bytes.field(2, number)
    switch state {
    case .notFound, .inProgress: break
    case .processed(let origin, let index):
      try bytes.field(3, origin)
      try bytes.field(4, index)
    case .ended(let reason): try bytes.field(5, UInt64(reason.rawValue))
    }
  }
}

extension RegisterMessage {
  /// Appends a returned record, `sealed` being at most `LinkLimits.record` bytes.
  public static func encodeReturnedRecord<let capacity: Int>(
    origin: Origin, index: UInt64, sealed: Span<UInt8>, into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    try bytes.record(.returnedRecord, origin: origin, index: index, sealed: sealed)
  }
}

extension BootInfo {
  fileprivate func encode<let capacity: Int>(into bytes: inout Bytes<capacity>) throws(Overflow) {
    try bytes.begin(.boot, 8)
    try bytes.field(1, version)
    try bytes.field(2, origin)
    try bytes.field(3, first)
    try bytes.field(4, next)
    try bytes.field(5, epoch)
    try bytes.field(6, root)
    try bytes.field(7, start.size)
    try bytes.appendCBOR(unsigned: 8)
    try bytes.appendCBOR(bytesHeader: start.size.nonzeroBitCount * Digest.size)
    try start.appendPeaks(to: &bytes)
  }
}

extension ControllerMessage {
  /// Appends the message. Throws when `bytes` has not enough room. Records have a function of
  /// their own.
  public func encode<let capacity: Int>(into bytes: inout Bytes<capacity>) throws(Overflow) {
    switch self {
    case .response(let response):
      try bytes.begin(.response, 4)
      try bytes.field(1, response.reference)
      try bytes.field(2, response.request.rawValue)
      try bytes.field(3, response.isAccepted)
      try bytes.field(4, response.reason.rawValue)
    case .event(let event): try event.encode(into: &bytes)
    case .transactionStatus(let status): try status.encode(into: &bytes)
    case .boot(let info): try info.encode(into: &bytes)
    case .totals(let totals): try totals.encode(into: &bytes)
    case .diagnosis(let diagnosis): try diagnosis.encode(into: &bytes)
    case .recall(let recall):
      try bytes.begin(.recall, 2)
      try bytes.field(1, recall.origin)
      try bytes.field(2, recall.index)
    case .error(let error):
      try bytes.begin(.error, 2)
      try bytes.field(1, error.type)
      try bytes.field(2, error.reason.rawValue)
    case .record, .unknown: preconditionFailure("records are encoded with their bytes")
    }
  }

  /// Appends a record message around `sealed`, at most `LinkLimits.record` bytes.
  public static func encodeRecord<let capacity: Int>(
    origin: Origin, index: UInt64, sealed: Span<UInt8>, into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    try bytes.record(.record, origin: origin, index: index, sealed: sealed)
  }
}
