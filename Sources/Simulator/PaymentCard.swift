// A payment application on a card or phone, one for each scheme, with real cryptograms under test
// keys (CardCryptogram.swift). Its numbers are published test cards'.

import Octets

public struct PaymentCard: Sendable {
  public enum Scheme: String, CaseIterable, Sendable {
    case visa, mastercard, amex, discover, jcb
    case unionPay = "unionpay"
  }

  public let scheme: Scheme
  /// A phone that has verified its holder.
  public var isPhone = false
  /// What the card answers to GET PROCESSING OPTIONS instead: 6985, 6986 …
  public var refusal: UInt16?
  /// An AAC instead of an ARQC.
  public var declines = false
  /// Whether there is a directory (PPSE).
  public var hasDirectory = true
  /// 5F2D: letters of up to four languages; empty without it.
  public var languages = ""
  public private(set) var counter: UInt16 = 0x41
  private var isSelected = false
  /// What the terminal has told, as one string of data objects' values by tag.
  private var told: [(tag: UInt32, value: [UInt8])] = []

  public init(_ scheme: Scheme) { self.scheme = scheme }

  mutating func reset() {
    isSelected = false
    told = []
  }

  // MARK: What it is

  var aid: [UInt8] {
    switch scheme {
    case .visa: [0xA0, 0, 0, 0, 0x03, 0x10, 0x10]
    case .mastercard: [0xA0, 0, 0, 0, 0x04, 0x10, 0x10]
    case .amex: [0xA0, 0, 0, 0, 0x25, 0x01]
    case .discover: [0xA0, 0, 0, 0x01, 0x52, 0x30, 0x10]
    case .jcb: [0xA0, 0, 0, 0, 0x65, 0x10, 0x10]
    case .unionPay: [0xA0, 0, 0, 0x03, 0x33, 0x01, 0x01, 0x01]
    }
  }

  /// Two digits in a byte; of odd length with a filler behind.
  public var number: StaticString {
    switch scheme {
    case .visa: "4761739001010010"
    case .mastercard: "5413330089020011"
    case .amex: "378282246310005"
    case .discover: "6011000990139424"
    case .jcb: "3530111333300000"
    case .unionPay: "6240008631401148"
    }
  }

  /// Whether the cryptogram comes with the processing options.
  private var isQualified: Bool {
    switch scheme {
    case .visa, .discover, .unionPay: true
    case .mastercard, .amex, .jcb: false
    }
  }

  private typealias List = [(tag: UInt32, length: Int)]

  private var optionsList: List {
    switch scheme {
    case .visa, .discover, .unionPay:
      [
        (0x9F66, 4), (0x9F02, 6), (0x9F03, 6), (0x9F1A, 2), (0x95, 5), (0x5F2A, 2), (0x9A, 3),
        (0x9C, 1), (0x9F37, 4),
      ]
    case .mastercard: []
    case .amex: [(0x9F35, 1), (0x9F6E, 4)]
    case .jcb: [(0x9F53, 3), (0x9F02, 6)]
    }
  }

  private var cryptogramList: List {
    [
      (0x9F02, 6), (0x9F03, 6), (0x9F1A, 2), (0x95, 5), (0x5F2A, 2), (0x9A, 3), (0x9C, 1),
      (0x9F37, 4), (0x9F35, 1), (0x9F34, 3),
    ]
  }

  private static func encode(_ list: List) -> [UInt8] {
    list.flatMap { tagBytes($0.tag) + [UInt8($0.length)] }
  }

  // MARK: What it answers

  mutating func answer(_ apdu: [UInt8]) -> [UInt8] {
    guard apdu.count >= 4 else { return [0x67, 0x00] }
    let data = apdu.count > 5 ? Array(apdu[5...].prefix(Int(apdu[4]))) : []
    switch (apdu[0], apdu[1]) {
    case (0x00, 0xA4): return select(data)
    case (0x80, 0xA8): return isSelected ? options(data) : [0x69, 0x85]
    case (0x00, 0xB2):
      return isSelected && apdu[2] == 1 && apdu[3] == 0x0C && !isQualified
        ? record() + [0x90, 0x00] : [0x6A, 0x83]
    case (0x80, 0xAE):
      return isSelected && apdu[2] & 0xC0 == 0x80 ? generate(data) : [0x69, 0x85]
    default: return [0x6D, 0x00]
    }
  }

  private mutating func select(_ name: [UInt8]) -> [UInt8] {
    let directory = Array("2PAY.SYS.DDF01".utf8)
    if name == directory, hasDirectory {
      let entry = tlv(0x61, tlv(0x4F, aid) + tlv(0x87, [1]))
      return tlv(0x6F, tlv(0x84, directory) + tlv(0xA5, tlv(0xBF0C, entry))) + [0x90, 0x00]
    }
    guard name.count <= aid.count, Array(aid.prefix(name.count)) == name else {
      return [0x6A, 0x82]
    }
    isSelected = true
    let list = optionsList.isEmpty ? [] : tlv(0x9F38, Self.encode(optionsList))
    let label = tlv(0x50, Array("TEST".utf8))
    let spoken = languages.isEmpty ? [] : tlv(0x5F2D, Array(languages.utf8))
    return tlv(0x6F, tlv(0x84, aid) + tlv(0xA5, label + spoken + list)) + [0x90, 0x00]
  }

  private mutating func options(_ data: [UInt8]) -> [UInt8] {
    if let refusal { return [UInt8(refusal >> 8), UInt8(refusal & 0xFF)] }
    guard data.count >= 2, data[0] == 0x83, listen(Array(data[2...]), optionsList) else {
      return [0x67, 0x00]
    }
    counter += 1
    guard isQualified else {
      return tlv(0x77, tlv(0x82, profile) + tlv(0x94, [0x08, 1, 1, 0])) + [0x90, 0x00]
    }
    var objects = tlv(0x82, profile) + tlv(0x57, track2) + tlv(0x5F34, [1]) + cryptogram()
    objects += tlv(0x9F6C, isPhone ? [0x00, 0x80] : [0x00, 0x00])
    if isPhone, scheme == .visa { objects += tlv(0x9F6E, [0x23, 0x8C, 0, 0]) }
    return tlv(0x77, objects) + [0x90, 0x00]
  }

  /// 82: EMV mode; a phone verifies its holder itself.
  private var profile: [UInt8] {
    switch scheme {
    case .mastercard: isPhone ? [0x1B, 0x80] : [0x19, 0x80]
    case .visa, .discover, .unionPay: [0x20, 0x00]
    case .amex, .jcb: [0x18, 0x00]
    }
  }

  private func record() -> [UInt8] {
    var objects = tlv(0x57, track2) + tlv(0x5A, digits) + tlv(0x5F24, [0x28, 0x12, 0x31])
    objects += tlv(0x5F34, [1]) + tlv(0x8C, Self.encode(cryptogramList))
    objects += tlv(0x8E, [0, 0, 0, 0, 0, 0, 0, 0, 0x42, 0x03, 0x1F, 0x03])
    // Third party data: country, no identifier, a phone.
    if isPhone, scheme == .mastercard { objects += tlv(0x9F6E, [8, 0x40, 0, 0, 0x30, 0x37]) }
    return tlv(0x70, objects)
  }

  private mutating func generate(_ data: [UInt8]) -> [UInt8] {
    guard listen(data, cryptogramList) else { return [0x67, 0x00] }
    return tlv(0x77, cryptogram()) + [0x90, 0x00]
  }

  /// Takes the values of `list` out of `data`, which must be just as long.
  private mutating func listen(_ data: [UInt8], _ list: List) -> Bool {
    guard data.count == list.reduce(0, { $0 + $1.length }) else { return false }
    var start = 0
    for (tag, length) in list {
      told.append((tag, Array(data[start..<(start + length)])))
      start += length
    }
    return true
  }

  // MARK: The cryptogram

  /// 9F27, 9F36, 9F26, 9F10.
  private func cryptogram() -> [UInt8] {
    let count = [UInt8(counter >> 8), UInt8(counter & 0xFF)]
    let verdict: UInt8 = declines ? 0x80 : 0xA0
    // Length, derivation key, cryptogram version 10 or 18, verification results.
    let issuerData: [UInt8] = [0x06, 0x01, scheme == .visa ? 0x0A : 0x12, 0x03, verdict, 0, 0]
    var input: [UInt8] = []
    for tag in [0x9F02, 0x9F03, 0x9F1A, 0x95, 0x5F2A, 0x9A, 0x9C, 0x9F37] as [UInt32] {
      input += told.last { $0.tag == tag }?.value ?? []
    }
    input += profile + count
    let mac =
      scheme == .visa
      ? CardCryptogram.version10(input + issuerData[3...], card: cardKeyInput)
      : CardCryptogram.version18(input + issuerData, card: cardKeyInput, counter: count)
    return tlv(0x9F27, [declines ? 0x00 : 0x80]) + tlv(0x9F36, count) + tlv(0x9F26, mac)
      + tlv(0x9F10, issuerData)
  }

  /// The last 16 digits of number and sequence number (EMV Book 2 annex A1.4.1).
  private var cardKeyInput: [UInt8] {
    let all = withLiteral(number) { text in text.indices.map { text[$0] & 0xF } } + [0, 1]
    let last = [UInt8](repeating: 0, count: max(0, 16 - all.count)) + all.suffix(16)
    return Self.pack(last)
  }

  private var digits: [UInt8] {
    var all = withLiteral(number) { text in text.indices.map { text[$0] & 0xF } }
    if all.count % 2 == 1 { all.append(0xF) }
    return Self.pack(all)
  }

  /// Number, separator, 12/28, service code 201, discretionary data.
  private var track2: [UInt8] {
    var all = withLiteral(number) { text in text.indices.map { text[$0] & 0xF } }
    all += [0xD, 2, 8, 1, 2, 2, 0, 1, 1, 2, 3, 4, 5]
    if all.count % 2 == 1 { all.append(0xF) }
    return Self.pack(all)
  }

  private static func pack(_ nibbles: [UInt8]) -> [UInt8] {
    stride(from: 0, to: nibbles.count, by: 2).map { nibbles[$0] << 4 | nibbles[$0 + 1] }
  }
}

private func tagBytes(_ tag: UInt32) -> [UInt8] {
  tag > 0xFF ? [UInt8(tag >> 8), UInt8(tag & 0xFF)] : [UInt8(tag)]
}

private func tlv(_ tag: UInt32, _ value: [UInt8]) -> [UInt8] {
  tagBytes(tag) + (value.count < 128 ? [] : [0x81]) + [UInt8(value.count)] + value
}
