// What the kernels demand of a card's answers, and how the holder is verified. Source: EMV
// contactless Books C-2 to C-7 as far as they concern an online-only reader.

import Octets

/// How the holder was, or is to be, verified.
public enum HolderVerification: UInt8, Sendable, BitwiseCopyable {
  case notRequired = 0
  /// By the phone or watch itself.
  case device = 1
  case onlinePIN = 2
  case signature = 3
  /// Required, but nothing that card and reader have in common.
  case failed = 4

  /// 9F34 (EMV Book 4 annex A4): method, condition, result.
  var results: UInt32 {
    switch self {
    case .notRequired: 0x1F_0002
    case .device: 0x01_0002
    case .onlinePIN: 0x02_0000
    case .signature: 0x1E_0000
    case .failed: 0x3F_0001
    }
  }
}

extension CardSession {
  /// Decides the holder's verification from what the card has said so far, and puts it into 9F34
  /// and 95, which the card may ask for.
  mutating func judgeVerification() throws(CardFault) {
    guard var terminal else { return }
    let verification = verification(terminal)
    terminal.verification = verification.results
    if terminal.kernel == .mastercard {
      // TVR: offline data authentication was not performed; online PIN entered, holder not
      // verified (Book 3 annex C5).
      terminal.results = 0x80_0000_0000
      if verification == .onlinePIN { terminal.results |= 0x04_0000 }
      if verification == .failed { terminal.results |= 0x80_0000 }
    }
    self.terminal = terminal
  }

  private func verification(_ terminal: TerminalData) -> HolderVerification {
    switch terminal.kernel {
    case .mastercard: mastercard(terminal)
    case .visa, .unionPay, .discover: qualified(terminal)
    case .amex: amex(terminal)
    case .jcb: terminal.needsVerification ? listed(terminal) : .notRequired
    }
  }

  /// How the holder is verified, as far as the dialogue got.
  public var verification: HolderVerification {
    guard let terminal else { return .notRequired }
    return verification(terminal)
  }

  /// The card's qualifiers decide (9F6C; Book C-3 section 5.7).
  private func qualified(_ terminal: TerminalData) -> HolderVerification {
    if (data.byte(1, of: 0x9F6C) ?? 0) & 0x80 != 0 { return .device }
    let wish = data.byte(0, of: 0x9F6C) ?? 0
    if wish & 0x80 != 0, terminal.hasOnlinePIN { return .onlinePIN }
    if wish & 0x40 != 0, terminal.hasSignature { return .signature }
    guard terminal.needsVerification else { return wish & 0xC0 == 0 ? .notRequired : .failed }
    // A card that says nothing is offered what the reader has.
    guard !data.has(0x9F6C) else { return .failed }
    return terminal.hasOnlinePIN ? .onlinePIN : terminal.hasSignature ? .signature : .failed
  }

  /// AIP byte 1: bit 2 a device that verifies its holder, bit 5 holder verification at all (Book
  /// C-2 section 7.5).
  private func mastercard(_ terminal: TerminalData) -> HolderVerification {
    let profile = data.byte(0, of: 0x82) ?? 0
    if profile & 0x02 != 0, terminal.hasDeviceVerification {
      return terminal.needsVerification ? .device : .notRequired
    }
    guard profile & 0x10 != 0 else { return .notRequired }
    return listed(terminal)
  }

  /// 9F71, mobile CVM results: verified on the device (Book C-4 annex).
  private func amex(_ terminal: TerminalData) -> HolderVerification {
    if data.byte(0, of: 0x9F71) == 0x01, data.byte(2, of: 0x9F71) == 0x02 { return .device }
    return listed(terminal)
  }

  /// The first rule of the CVM list that applies and is supported (8E; Book 3 section 10.5).
  private func listed(_ terminal: TerminalData) -> HolderVerification {
    let mayVerify = terminal.kernel != .mastercard || terminal.needsVerification
    let fallback: HolderVerification = terminal.needsVerification ? .failed : .notRequired
    return data.with(0x8E) { list in
      guard list.count >= 10 else { return fallback }
      var index = 8
      while index + 1 < list.count {
        let (method, condition) = (list[index], list[index + 1])
        index += 2
        guard applies(condition, terminal, list) else { continue }
        switch method & 0x3F {
        case 0x02 where terminal.hasOnlinePIN && mayVerify: return .onlinePIN
        case 0x1E where terminal.hasSignature && mayVerify: return .signature
        case 0x1F where !terminal.needsVerification: return .notRequired
        case 0x00: return .failed
        default: if method & 0x40 == 0 { return .failed }
        }
      }
      return fallback
    } ?? fallback
  }

  /// Book 3 table 40. Amounts X and Y are compared as if in the card's currency.
  private func applies(
    _ condition: UInt8, _ terminal: TerminalData, _ list: Span<UInt8>
  ) -> Bool {
    func amount(_ start: Int) -> UInt64 {
      var value: UInt64 = 0
      for index in start..<(start + 4) { value = value << 8 | UInt64(list[index]) }
      return value
    }
    return switch condition {
    // Always; not cash; terminal supports the method (which is looked at next).
    case 0x00, 0x02, 0x03: true
    case 0x06: terminal.request.amount < amount(0)
    case 0x07: terminal.request.amount > amount(0)
    case 0x08: terminal.request.amount < amount(4)
    case 0x09: terminal.request.amount > amount(4)
    default: false
    }
  }
}

// MARK: Whether the answers make sense

extension CardSession {
  /// Adds what a kernel derives when the card leaves it out.
  mutating func completeAnswer() throws(CardFault) {
    guard !data.has(0x9F27) else { return }
    // Book C-3 requirement 5.4.3: the type of cryptogram stands in the issuer's data, CVR byte 2.
    // Issuer's data of other schemes than those who took it over have something else there.
    switch application?.kernel {
    case .visa, .unionPay, .discover: break
    case .mastercard, .amex, .jcb, nil: throw .missing(0x9F27)
    }
    guard let type = data.byte(4, of: 0x9F10) else { throw .missing(0x9F27) }
    try add(0x9F27, byte: type << 2 & 0xC0)
  }

  /// Mandatory objects, their lengths, and those that must agree.
  func checkAnswer() throws(CardFault) {
    try check(0x9F26, 8...8)
    try check(0x9F27, 1...1)
    try check(0x9F36, 2...2)
    try check(0x82, 2...2)
    if terminal?.kernel == .visa { try check(0x9F10, 1...32) }
    if data.has(0x9F10) { try check(0x9F10, 1...32) }
    if data.has(0x5F24) { try check(0x5F24, 3...3) }
    if data.has(0x5F34) { try check(0x5F34, 1...1) }
    var digits = Bytes<19>()
    defer { digits.wipe() }
    try accountNumber(into: &digits)
  }

  private func check(_ tag: UInt32, _ lengths: ClosedRange<Int>) throws(CardFault) {
    guard let count = data.with(tag, { $0.count }) else { throw .missing(tag) }
    guard lengths.contains(count) else { throw .contradiction(tag) }
  }

  /// Replaces `digits` by the card number in ASCII: from 57, or from 5A, which must agree.
  func accountNumber(into digits: inout Bytes<19>) throws(CardFault) {
    digits.removeAll()
    guard data.has(0x57) || data.has(0x5A) else { throw .missing(0x57) }
    try readNumber(of: 0x57, until: 0xD, into: &digits)
    guard data.has(0x5A) else { return }
    var other = Bytes<19>()
    defer { other.wipe() }
    try readNumber(of: 0x5A, until: 0xF, into: &other)
    guard data.has(0x57) else {
      return try readNumber(of: 0x5A, until: 0xF, into: &digits)
    }
    guard digits.withBytes({ one in other.withBytes { one.equals($0) } }) else {
      throw .contradiction(0x5A)
    }
  }

  /// Replaces `digits` by the number that the object begins with, if the card gave the object.
  private func readNumber(
    of tag: UInt32, until end: UInt8, into digits: inout Bytes<19>
  ) throws(CardFault) {
    digits.removeAll()
    _ = try data.with(tag) { (value) throws(CardFault) in
      try Self.readNumber(value, until: end, tag, into: &digits)
    }
  }

  /// Digits, two in a byte, up to `end`, which a card number of even length without fillers lacks.
  private static func readNumber(
    _ value: Span<UInt8>, until end: UInt8, _ tag: UInt32, into digits: inout Bytes<19>
  ) throws(CardFault) {
    var place = 0
    while place < 2 * value.count {
      let digit = place % 2 == 0 ? value[place / 2] >> 4 : value[place / 2] & 0xF
      if digit == end { break }
      guard digit < 10 else { throw .contradiction(tag) }
      do { try digits.append(UInt8(ascii: "0") + digit) } catch { throw .contradiction(tag) }
      place += 1
    }
    let isEnded = end == 0xF || place < 2 * value.count
    guard digits.count >= 8, isEnded else { throw .contradiction(tag) }
  }
}
