// What the reader tells a card of itself and of the payment: the terminal's data objects, answered
// to the card's lists (PDOL, CDOL) and put into DE55.

import Octets

/// What a board's profile fixes for all taps.
public struct TapTerminal: Sendable {
  /// 9F1A, ISO 3166-1 numeric.
  public var country: UInt16 = 0
  /// 9F66 without the bits that the amount decides; most significant byte first.
  public var qualifiers: UInt32 = 0x2400_4000
  /// 9F33: magnetic stripe; online PIN and no CVM; no offline data authentication.
  public var capabilities: UInt32 = 0x40_4800
  /// 9F35: unattended, online only, the merchant's (EMV Book 4 annex A1).
  public var type: UInt8 = 0x24
  /// 9F15, four digits.
  public var category: UInt16 = 0
  /// Above this amount the card is asked for an online cryptogram; in minor units.
  public var floorLimit: UInt64 = 0
  /// From this amount on the holder has to be verified.
  public var verificationLimit: UInt64 = 5_000
  /// From this amount on no card may be tapped; nil for no limit.
  public var tapLimit: UInt64?
  public var applications = AIDList()
  public var tags = TagList()
  /// 9F1E, eight characters.
  public var serial = InlineArray<8, UInt8>(repeating: UInt8(ascii: "0"))

  public init() {}
}

/// One payment, as the card is told of it.
public struct TapRequest: Sendable, Equatable {
  /// 9F02, in minor units: at most twelve digits.
  public var amount: UInt64
  /// 5F2A, ISO 4217 numeric.
  public var currency: UInt16
  /// 5F36.
  public var exponent: UInt8
  /// 9C, the first two digits of ISO 8583's processing code: 00 goods and services, 20 refund.
  public var kind: UInt8 = 0
  /// 9A, YYMMDD as a decimal number, and 9F21, HHMMSS.
  public var date: UInt32
  public var time: UInt32
  /// 9F41.
  public var sequence: UInt32

  public static let largestAmount: UInt64 = 999_999_999_999

  public init(
    amount: UInt64, currency: UInt16, exponent: UInt8, date: UInt32, time: UInt32,
    sequence: UInt32
  ) {
    self.amount = amount
    self.currency = currency
    self.exponent = exponent
    self.date = date
    self.time = time
    self.sequence = sequence
  }
}

/// Terminal and payment together, with what changes from tap to tap.
struct TerminalData {
  let terminal: TapTerminal
  let request: TapRequest
  /// 9F37.
  let unpredictable: UInt32
  var kernel = Kernel.visa
  /// 95, most significant byte first.
  var results: UInt64 = 0
  /// 9F34.
  var verification: UInt32 = 0

  var needsVerification: Bool { request.amount >= terminal.verificationLimit }

  /// 9F66 (Book A table 5-4): byte 2 says what this amount calls for.
  var qualifiers: UInt32 {
    let online: UInt32 = request.amount > terminal.floorLimit ? 0x80_0000 : 0
    return terminal.qualifiers | online | (needsVerification ? 0x40_0000 : 0)
  }

  /// 9F33. Mastercard's kernel has two sets of holder verification, of which the amount chooses
  /// one: "no CVM", or all else (Book C-2 annex A, CVM capability).
  var capabilities: UInt32 {
    guard kernel == .mastercard, terminal.capabilities & 0x800 != 0 else {
      return terminal.capabilities
    }
    return terminal.capabilities & (needsVerification ? ~0x800 : ~0xF000)
  }

  /// Online PIN, as 9F66 states it.
  var hasOnlinePIN: Bool { terminal.qualifiers & 0x0400_0000 != 0 }
  var hasSignature: Bool { terminal.qualifiers & 0x0200_0000 != 0 }
  var hasDeviceVerification: Bool { terminal.qualifiers & 0x4000 != 0 }

  /// Replaces `value` by the terminal's object with this tag; false when it has none. Numbers are
  /// decimal where EMV says "n".
  func get(_ tag: UInt32, into value: inout Bytes<32>) -> Bool {
    value.removeAll()
    switch tag {
    case 0x9F02: value.put(decimal: request.amount, 6)
    case 0x9F03: value.put(0, 6)
    case 0x81: value.put(min(request.amount, 0xFFFF_FFFF), 4)
    case 0x9F04: value.put(0, 4)
    case 0x5F2A: value.put(decimal: UInt64(request.currency), 2)
    case 0x5F36: value.put(UInt64(request.exponent), 1)
    case 0x9A: value.put(decimal: UInt64(request.date), 3)
    case 0x9F21: value.put(decimal: UInt64(request.time), 3)
    case 0x9C: value.put(UInt64(request.kind), 1)
    case 0x9F37: value.put(UInt64(unpredictable), 4)
    case 0x9F41: value.put(decimal: UInt64(request.sequence % 100_000_000), 4)
    case 0x95: value.put(results, 5)
    case 0x9F34: value.put(UInt64(verification), 3)
    default: return getFixed(tag, into: &value) || getScheme(tag, into: &value)
    }
    return true
  }

  private func getFixed(_ tag: UInt32, into value: inout Bytes<32>) -> Bool {
    switch tag {
    case 0x9F1A: value.put(decimal: UInt64(terminal.country), 2)
    case 0x9F33: value.put(UInt64(capabilities), 3)
    case 0x9F35: value.put(UInt64(terminal.type), 1)
    // Goods and services, nothing else.
    case 0x9F40: value.put(0x60_0000_0000, 5)
    case 0x9F15: value.put(decimal: UInt64(terminal.category), 2)
    case 0x9F1E: for index in 0..<8 { value.put(UInt64(terminal.serial[index]), 1) }
    case 0x9F66: value.put(UInt64(qualifiers), 4)
    default: return false
    }
    return true
  }

  /// What only one scheme's kernel defines.
  private func getScheme(_ tag: UInt32, into value: inout Bytes<32>) -> Bool {
    switch (kernel, tag) {
    // Kernel 2 annex A: version; risk management (online PIN, no CVM and device CVM; no
    // magnetic-stripe mode); mobile support.
    case (.mastercard, 0x9F09): value.put(2, 2)
    case (.mastercard, 0x9F1D):
      value.put(needsVerification ? 0x4C80_8000_0000_0000 : 0x4C00_8000_0000_0000, 8)
    case (.mastercard, 0x9F7E): value.put(needsVerification ? 3 : 1, 1)
    // Kernel 4 tables 4-2 and 4-4: EMV mode; mobile, its CVM, online PIN; version.
    case (.amex, 0x9F6D): value.put(needsVerification ? 0xC8 : 0xC0, 1)
    case (.amex, 0x9F6E): value.put(needsVerification ? 0x18C0_4003 : 0x18C0_0003, 4)
    // Kernel 5 annex A: CVM required, online PIN, device CVM.
    case (.jcb, 0x9F53): value.put(needsVerification ? 0xB0_0000 : 0x30_0000, 3)
    default: return false
    }
    return true
  }
}

extension Bytes {
  /// Appends `value` in `size` bytes, most significant first.
  fileprivate mutating func put(_ value: UInt64, _ size: Int) {
    for place in 0..<size {
      let shift = UInt64(8 * (size - 1 - place))
      do { try append(UInt8(truncatingIfNeeded: value >> shift)) } catch {
        preconditionFailure("no terminal object has more than 8 bytes")
      }
    }
  }

  /// Appends the last `2 * size` decimal digits of `value`, two in a byte.
  fileprivate mutating func put(decimal value: UInt64, _ size: Int) {
    var (rest, digits, place) = (value, UInt64(0), UInt64(0))
    while place < UInt64(2 * size) {
      digits |= (rest % 10) << (4 * place)
      rest /= 10
      place += 1
    }
    put(digits, size)
  }
}
