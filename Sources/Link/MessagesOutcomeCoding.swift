// Outcome reports, choices and events to and from deterministic CBOR.

import Octets

extension OutcomeReport {
  func encode<let capacity: Int>(into bytes: inout Bytes<capacity>) throws(Overflow) {
    let optional =
      (amount == nil ? 0 : 1) + (approval == nil ? 0 : 1) + (needsSignature ? 1 : 0)
    try bytes.begin(.outcome, 3 + optional)
    try bytes.field(1, reference)
    try bytes.field(2, outcome.rawValue)
    try bytes.field(3, reason.rawValue)
    if let amount { try bytes.field(4, amount) }
    if let approval { try bytes.field(5, approval) }
    if needsSignature { try bytes.field(6, true) }
  }

  init(_ reader: inout MessageReader) throws(MessageError) {
    var reference: Reference?
    var outcome: Outcome?
    var reason: UInt8?
    var amount: UInt64?
    var approval: Label?
    var needsSignature = false
    while let key = try reader.next() {
      switch key {
      case 1: reference = try reader.reference()
      case 2: outcome = try reader.known(Outcome.init)
      case 3: reason = try reader.byte()
      case 4: amount = try reader.unsigned()
      case 5: approval = try reader.label()
      case 6: needsSignature = try reader.bool()
      default: try reader.skip()
      }
    }
    self.init(
      try required(outcome, 2), try required(reference, 1),
      reason: Reason(rawValue: try required(reason, 3)), amount: amount, approval: approval)
    self.needsSignature = needsSignature
    try validate()
  }
}

extension Choice {
  init(_ reader: inout MessageReader) throws(MessageError) {
    var reference: Reference?
    var tip: UInt64?
    while let key = try reader.next() {
      switch key {
      case 1: reference = try reader.reference()
      case 2: tip = try reader.unsigned()
      default: try reader.skip()
      }
    }
    self.init(try required(reference, 1), tip: try required(tip, 2))
  }
}

extension Event {
  func encode<let capacity: Int>(into bytes: inout Bytes<capacity>) throws(Overflow) {
    try bytes.begin(.event, 3 + optionalCount)
    if let reference { try bytes.field(1, reference) }
    try bytes.field(2, kind.rawValue)
    try bytes.field(3, reason.rawValue)
    if let unixMilliseconds { try bytes.field(4, unixMilliseconds) }
    try bytes.field(5, isFinal)
    if let prompt { try bytes.field(6, prompt.rawValue) }
    if let uptimeMilliseconds { try bytes.field(7, uptimeMilliseconds) }
    if let methods { try bytes.field(8, methods.rawValue) }
    if let outcome { try bytes.field(9, outcome.rawValue) }
    if let amount { try bytes.field(10, amount) }
    if let language { try bytes.field(11, language) }
  }

  private var optionalCount: Int {
    var count = reference == nil ? 0 : 1
    if unixMilliseconds != nil { count += 1 }
    if prompt != nil { count += 1 }
    if uptimeMilliseconds != nil { count += 1 }
    if methods != nil { count += 1 }
    if outcome != nil { count += 1 }
    if language != nil { count += 1 }
    return amount == nil ? count : count + 1
  }

  init(_ reader: inout MessageReader) throws(MessageError) {
    var kind: UInt8?
    var reason: UInt8?
    var isFinal: Bool?
    self.init(.fault, reference: nil)
    while let key = try reader.next() {
      switch key {
      case 1: reference = try reader.reference()
      case 2: kind = try reader.byte()
      case 3: reason = try reader.byte()
      case 4: unixMilliseconds = .some(try reader.unsigned())
      case 5: isFinal = try reader.bool()
      case 6: prompt = Prompt(rawValue: try reader.byte())
      case 7: uptimeMilliseconds = .some(try reader.unsigned())
      case 8: methods = Methods(rawValue: UInt16(try reader.unsigned(0...0xFFFF)))
      case 9: outcome = .some(try reader.known(Outcome.init))
      case 10: amount = .some(try reader.unsigned())
      case 11: language = .some(try reader.language())
      default: try reader.skip()
      }
    }
    self.kind = EventKind(rawValue: try required(kind, 2))
    self.reason = Reason(rawValue: try required(reason, 3))
    self.isFinal = try required(isFinal, 5)
  }
}
