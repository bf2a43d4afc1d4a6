// What a record takes from a card that was read: DE55, the objects that travel encrypted, and what
// can be said of the card in clear.

import Octets

/// What kind of thing was tapped. Raw values are published in docs/PROTOCOL.md.
public enum FormFactor: UInt8, Sendable, BitwiseCopyable {
  case unknown = 0
  case card = 1
  case phone = 2
  case watch = 3
  /// A ring, fob, sticker, bracelet …
  case other = 4
}

extension CardSession {
  /// Replaces `bytes` by DE55: the objects of the list that card or reader have, as many as fit.
  /// Returns how many were left out for want of room.
  public func dataElement55<let size: Int>(into bytes: inout Bytes<size>) -> Int {
    bytes.removeAll()
    guard let terminal else { return 0 }
    let list = terminal.terminal.tags
    var leftOut = 0
    for index in 0..<list.count {
      do { try append(list[index], terminal, to: &bytes) } catch { leftOut += 1 }
    }
    return leftOut
  }

  private func append<let size: Int>(
    _ tag: UInt32, _ terminal: TerminalData, to bytes: inout Bytes<size>
  ) throws(Overflow) {
    // What the reader said stands above what a card may say of the same thing; 9F6E is Amex's name
    // for a reader's capabilities and everyone else's for the card's.
    var value = Bytes<32>()
    if tag == 0x84 {
      return try selectedName?.withBytes { (name) throws(Overflow) in
        try bytes.append(tag: tag, value: name)
      } ?? ()
    }
    if terminal.get(tag, into: &value) {
      return try value.withBytes { (value) throws(Overflow) in
        try bytes.append(tag: tag, value: value)
      }
    }
    _ = try data.with(tag) { (value) throws(Overflow) in
      try bytes.append(tag: tag, value: value)
    }
  }

  /// The objects that may only travel encrypted, as many as fit: track 2 or the card number first.
  /// A card number that track 2 has already is left out.
  public func secrets<let size: Int>(into bytes: inout Bytes<size>) {
    bytes.wipe()
    let tags = TagList.secret
    for index in tags.indices {
      if tags[index] == 0x5A, data.has(0x57) { continue }
      do throws(Overflow) {
        _ = try data.with(tags[index]) { (value) throws(Overflow) in
          try bytes.append(tag: tags[index], value: value)
        }
      } catch { continue }
    }
  }

  /// Replaces `digits` by the card number, ASCII. It was checked when the card was read.
  public func number(into digits: inout Bytes<19>) {
    do { try accountNumber(into: &digits) } catch { digits.wipe() }
  }

  /// Replaces `text` by the four digits YYMM: from track 2, or from 5F24.
  public func expiry(into text: inout Bytes<4>) {
    text.removeAll()
    if track2(digits: 4, behindSeparator: 1, into: &text) { return }
    _ = data.with(0x5F24) { date in
      for place in 0..<4 { append(date, place, to: &text) }
    }
    if text.count != 4 { text.removeAll() }
  }

  /// Replaces `text` by the three digits behind the expiry date of track 2.
  public func serviceCode(into text: inout Bytes<3>) {
    text.removeAll()
    if !track2(digits: 3, behindSeparator: 5, into: &text) { text.removeAll() }
  }

  private func track2<let size: Int>(
    digits: Int, behindSeparator skip: Int, into text: inout Bytes<size>
  ) -> Bool {
    data.with(0x57) { track in
      var separator = 0
      while separator < 2 * track.count, nibble(track, separator) != 0xD { separator += 1 }
      guard separator + skip + digits <= 2 * track.count else { return false }
      for place in 0..<digits { append(track, separator + skip + place, to: &text) }
      return text.count == digits
    } ?? false
  }

  private func nibble(_ bytes: Span<UInt8>, _ place: Int) -> UInt8 {
    place % 2 == 0 ? bytes[place / 2] >> 4 : bytes[place / 2] & 0xF
  }

  private func append<let size: Int>(
    _ bytes: Span<UInt8>, _ place: Int, to text: inout Bytes<size>
  ) {
    guard place < 2 * bytes.count, nibble(bytes, place) < 10 else { return }
    do { try text.append(UInt8(ascii: "0") + nibble(bytes, place)) } catch { return }
  }

  /// From 9F6E, which is each scheme's own: Visa's form factor indicator (byte 1, bits 5 to 1),
  /// Mastercard's third party data (device type, two ASCII digits behind country and identifier).
  public var formFactor: FormFactor {
    switch application?.kernel {
    case .visa: visaForm
    case .mastercard: mastercardForm
    case .amex, .jcb, .discover, .unionPay, nil: .unknown
    }
  }

  private var visaForm: FormFactor {
    guard let indicator = data.byte(0, of: 0x9F6E) else { return .unknown }
    return switch indicator & 0x1F {
    case 0x00, 0x01: .card
    case 0x02: .other
    case 0x03: .phone
    case 0x04: .watch
    default: .unknown
    }
  }

  private var mastercardForm: FormFactor {
    data.with(0x9F6E) { thirdParty in
      // The device type is there only while the identifier's first bit is 0.
      guard thirdParty.count >= 6, thirdParty[2] & 0x80 == 0 else { return .unknown }
      return switch (thirdParty[4], thirdParty[5]) {
      case (0x30, 0x30): .card
      case (0x30, 0x33): .watch
      // A phone with its own or the operator's secure element, a sleeve, a memory card, a tablet.
      case (0x30, 0x31), (0x30, 0x36), (0x30, 0x37), (0x30, 0x38), (0x30, 0x39): .phone
      case (0x30, 0x32), (0x30, 0x34), (0x30, 0x35), (0x31...0x39, _): .other
      default: .unknown
      }
    } ?? .unknown
  }
}
