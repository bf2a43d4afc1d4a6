// A payment request to and from deterministic CBOR. Keys from 7 on came later: a register that does
// not know them leaves them out and gets a sale that ends with the capture.

import Octets

extension PaymentRequest {
  func encode<let capacity: Int>(into bytes: inout Bytes<capacity>) throws(Overflow) {
    try bytes.begin(.payment, 6 + optionalCount)
    try bytes.field(1, reference)
    try bytes.field(2, amount)
    try bytes.field(3, currency)
    try bytes.field(4, exponent)
    try bytes.field(5, timeoutSeconds)
    try bytes.field(6, methods.rawValue)
    if kind != .sale { try bytes.field(7, kind.rawValue) }
    if let original { try bytes.field(8, original) }
    if let outcomeSeconds { try bytes.field(9, outcomeSeconds) }
    try limits.encode(10, into: &bytes)
    if let tip { try tip.encode(11, into: &bytes) }
    if let table { try bytes.field(12, table) }
    if let check { try bytes.field(13, check) }
    if let part { try bytes.field(14, UInt64(part.number), UInt64(part.count)) }
    if chipPolicy != .accept { try bytes.field(15, chipPolicy.rawValue) }
    if !showsSteps { try bytes.field(16, false) }
    if let language { try bytes.field(17, language) }
  }

  private var optionalCount: Int {
    var count = kind == .sale ? 0 : 1
    if original != nil { count += 1 }
    if outcomeSeconds != nil { count += 1 }
    if limits != MethodLimits() { count += 1 }
    if tip != nil { count += 1 }
    if table != nil { count += 1 }
    if check != nil { count += 1 }
    if part != nil { count += 1 }
    if chipPolicy != .accept { count += 1 }
    if language != nil { count += 1 }
    return showsSteps ? count : count + 1
  }

  init(_ reader: inout MessageReader) throws(MessageError) {
    var order = OrderKeys()
    var details = DetailKeys()
    while let key = try reader.next() {
      switch key {
      case 1...6: try order.read(key, &reader)
      case 7...17: try details.read(key, &reader)
      default: try reader.skip()
      }
    }
    self = try order.request()
    kind = details.kind
    original = details.original
    outcomeSeconds = details.outcomeSeconds
    limits = details.limits
    tip = details.tip
    table = details.table
    check = details.check
    part = details.part
    chipPolicy = details.chipPolicy
    showsSteps = details.showsSteps
    language = details.language
    try validate()
  }
}

/// Keys 1 to 6, which every request has.
private struct OrderKeys {
  private var reference: Reference?
  private var amount: UInt64?
  private var currency: UInt64?
  private var exponent: UInt64?
  private var timeout: UInt64?
  private var methods: UInt64?

  mutating func read(_ key: Int, _ reader: inout MessageReader) throws(MessageError) {
    switch key {
    case 1: reference = try reader.reference()
    case 2: amount = try reader.unsigned()
    case 3: currency = try reader.unsigned(0...999)
    case 4: exponent = try reader.unsigned(0...4)
    case 5: timeout = try reader.unsigned(1...3600)
    default: methods = try reader.unsigned(0...0xFFFF)
    }
  }

  func request() throws(MessageError) -> PaymentRequest {
    PaymentRequest(
      reference: try required(reference, 1), amount: try required(amount, 2),
      currency: UInt16(try required(currency, 3)), exponent: UInt8(try required(exponent, 4)),
      timeoutSeconds: UInt16(try required(timeout, 5)),
      methods: Methods(rawValue: UInt16(try required(methods, 6))))
  }
}

/// Keys 7 to 17, which may be absent.
private struct DetailKeys {
  var kind = TransactionKind.sale
  var original: Reference?
  var outcomeSeconds: UInt16?
  var limits = MethodLimits()
  var tip: Tip?
  var table: Label?
  var check: Label?
  var part: CheckPart?
  var chipPolicy = ChipPolicy.accept
  var showsSteps = true
  var language: LanguageCode?

  mutating func read(_ key: Int, _ reader: inout MessageReader) throws(MessageError) {
    switch key {
    case 7: kind = try reader.known(TransactionKind.init)
    case 8: original = try reader.reference()
    case 9:
      let most = UInt64(PaymentRequest.longestOutcomeSeconds)
      outcomeSeconds = .some(UInt16(try reader.unsigned(1...most)))
    case 10: limits = try MethodLimits(&reader)
    case 11: tip = try Tip(&reader)
    case 12: table = try reader.label()
    case 13: check = try reader.label()
    case 14:
      _ = try reader.array(2...2)
      part = CheckPart(try reader.byte(), of: try reader.byte())
      if part == nil { throw .outOfRange(key: 14) }
    case 15: chipPolicy = try reader.known(ChipPolicy.init)
    case 16: showsSteps = try reader.bool()
    default: language = .some(try reader.language())
    }
  }
}

extension MethodLimits {
  private var count: Int {
    (magneticStripe == nil ? 0 : 1) + (contactless == nil ? 0 : 1) + (walletCode == nil ? 0 : 1)
  }

  /// Nothing without a limit.
  fileprivate func encode<let capacity: Int>(
    _ key: UInt64, into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    guard count > 0 else { return }
    try bytes.appendCBOR(unsigned: key)
    try bytes.appendCBOR(array: count)
    for index in 0..<3 {
      guard let method = Method(rawValue: 1 << UInt16(index)), let most = self[method] else {
        continue
      }
      try bytes.appendCBOR(array: 2)
      try bytes.appendCBOR(unsigned: UInt64(method.rawValue))
      try bytes.appendCBOR(unsigned: most)
    }
  }

  /// Pairs of method and amount; methods ascend.
  fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
    self.init()
    var last: UInt64 = 0
    for _ in 0..<(try reader.array(1...3)) {
      _ = try reader.array(2...2)
      let number = try reader.unsigned(1...4)
      guard number > last, let method = Method(rawValue: UInt16(number)) else {
        throw .outOfRange(key: 10)
      }
      last = number
      self[method] = .some(try reader.unsigned())
    }
  }
}

extension Tip {
  fileprivate func encode<let capacity: Int>(
    _ key: UInt64, into bytes: inout Bytes<capacity>
  ) throws(Overflow) {
    switch self {
    case .fixed(let value): try bytes.field(key, 0, value)
    case .hundredthsOfPercent(let value): try bytes.field(key, 1, UInt64(value))
    case .asked(let seconds): try bytes.field(key, 2, UInt64(seconds))
    }
  }

  fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
    _ = try reader.array(2...2)
    switch try reader.unsigned(0...2) {
    case 0: self = .fixed(try reader.unsigned())
    case 1:
      self = .hundredthsOfPercent(UInt16(try reader.unsigned(0...UInt64(Self.mostHundredths))))
    default: self = .asked(seconds: UInt16(try reader.unsigned(1...UInt64(Self.longestSeconds))))
    }
  }
}
