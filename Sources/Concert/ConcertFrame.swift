// The blocks of Concert's protocol E, version E+: what a French till asks a payment terminal, and
// what it gets back. Fixed fields of ASCII, in a frame of STX, ETX and a checksum.

import Octets

/// The characters that steer the line.
enum Control {
  static let startOfText: UInt8 = 0x02
  static let endOfText: UInt8 = 0x03
  static let endOfTransmission: UInt8 = 0x04
  static let enquiry: UInt8 = 0x05
  static let acknowledge: UInt8 = 0x06
  static let refuse: UInt8 = 0x15
}

/// How a character stands in a byte of eight bits without parity, as our ports are set.
public enum ConcertParity: UInt8, Sendable, BitwiseCopyable {
  /// The till's port is set likewise.
  case none = 0
  /// The till's port has seven bits and even parity: on the wire the parity is our eighth bit.
  case even = 1

  /// Nil when the till never sent this byte.
  func character(_ byte: UInt8) -> UInt8? {
    switch self {
    case .none: byte
    case .even: byte.nonzeroBitCount % 2 == 0 ? byte & 0x7F : nil
    }
  }

  func byte(_ character: UInt8) -> UInt8 {
    switch self {
    case .none: character
    case .even: character.nonzeroBitCount % 2 == 0 ? character : character | 0x80
    }
  }
}

/// The exclusive or of all bytes behind STX, ETX included.
struct Checksum {
  private(set) var value: UInt8 = 0

  mutating func update(_ byte: UInt8) { value ^= byte }
}

/// What the till asks for.
public struct ConcertRequest: Equatable, Sendable {
  public enum Kind: Sendable {
    case sale
    case refund
    /// What the adapter does not do.
    case other
  }

  /// Why a well-formed request is not carried out.
  public enum Objection: Equatable, Sendable {
    /// Another means of payment than a card: a cheque, a house card.
    case means
    /// Neither a debit nor a credit.
    case kind
    /// An amount of nothing.
    case amount
  }

  /// Not 34 characters, or one that its field cannot have, at this offset.
  public struct Malformed: Error, Equatable {
    public let offset: Int
  }

  /// Two digits that number the till.
  public let till: InlineArray<2, UInt8>
  /// In minor units.
  public let amount: UInt64
  /// ISO 4217 numeric.
  public let currency: UInt16
  public let kind: Kind
  /// Whether it is to be paid by card.
  let isByCard: Bool
  /// Whether the answer has 55 more characters, for the card.
  public let wantsReport: Bool
  /// Whether the till waits for the end of the payment; else it is answered at once, without a
  /// result.
  public let waits: Bool
  /// Ten characters of the till's own, given back as they came.
  public let note: InlineArray<10, UInt8>

  /// Characters of a request.
  public static let size = 34

  /// Till (2), amount (8), answer flag (1), means (1), kind (1), currency (3), note (10), delay
  /// (`A010` or `A011`), authorisation (`B010` or `B011`).
  init(_ text: Span<UInt8>) throws(Malformed) {
    guard text.count == Self.size else { throw Malformed(offset: text.count) }
    for index in text.indices where text[index] < 0x20 || text[index] > 0x7E {
      throw Malformed(offset: index)
    }
    _ = try Self.number(text, 0..<2)
    till = [text[0], text[1]]
    amount = try Self.number(text, 2..<10)
    wantsReport = try Self.flag(text, 10)
    currency = UInt16(try Self.number(text, 13..<16))
    var note = InlineArray<10, UInt8>(repeating: 0)
    for index in 0..<10 { note[index] = text[16 + index] }
    self.note = note
    waits = !(try Self.option(text, at: 26, letter: UInt8(ascii: "A")))
    // Whether the till wants the authorisation to be forced: there is none to force here.
    _ = try Self.option(text, at: 30, letter: UInt8(ascii: "B"))
    isByCard = text[11] == UInt8(ascii: "1")
    kind =
      switch text[12] {
      case UInt8(ascii: "0"): .sale
      case UInt8(ascii: "1"): .refund
      default: .other
      }
  }

  public var objection: Objection? {
    if !isByCard { return .means }
    if kind == .other { return .kind }
    return amount == 0 ? .amount : nil
  }

  private static func number(
    _ text: Span<UInt8>, _ range: Range<Int>
  ) throws(Malformed) -> UInt64 {
    var number: UInt64 = 0
    for index in range {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[index]) else {
        throw Malformed(offset: index)
      }
      number = number * 10 + UInt64(text[index] - UInt8(ascii: "0"))
    }
    return number
  }

  private static func flag(_ text: Span<UInt8>, _ place: Int) throws(Malformed) -> Bool {
    switch text[place] {
    case UInt8(ascii: "0"): return false
    case UInt8(ascii: "1"): return true
    default: throw Malformed(offset: place)
    }
  }

  /// `letter`, `01` and a flag.
  private static func option(
    _ text: Span<UInt8>, at place: Int, letter: UInt8
  ) throws(Malformed) -> Bool {
    guard text[place] == letter, text[place + 1] == UInt8(ascii: "0"),
      text[place + 2] == UInt8(ascii: "1")
    else { throw Malformed(offset: place) }
    return try flag(text, place + 3)
  }

  public static func == (left: ConcertRequest, right: ConcertRequest) -> Bool {
    for index in 0..<10 where left.note[index] != right.note[index] { return false }
    return left.till[0] == right.till[0] && left.till[1] == right.till[1]
      && left.amount == right.amount && left.currency == right.currency && left.kind == right.kind
      && left.isByCard == right.isByCard
      && left.wantsReport == right.wantsReport && left.waits == right.waits
  }
}

/// What became of it.
public enum ConcertResult: UInt8, Sendable {
  case accepted = 0x30
  case refused = 0x37
  /// The terminal does not say: it was not to be waited for, or nobody reported the outcome.
  case unverified = 0x39
}

/// The characters of an answer: 25, or 80 with a report.
struct ConcertAnswer: ~Copyable {
  static let reportSize = 55
  private(set) var text = Bytes<80>()

  /// The request's own fields with the result; `report` stands for the card, in 55 characters.
  init(to request: ConcertRequest, _ result: ConcertResult, report: Span<UInt8>) {
    do throws(Overflow) {
      try text.append(request.till[0])
      try text.append(request.till[1])
      try text.append(result.rawValue)
      try Self.append(request.amount, digits: 8, to: &text)
      try text.append(UInt8(ascii: "1"))
      if request.wantsReport {
        let shown = min(report.count, Self.reportSize)
        try text.append(report.extracting(0..<shown))
        for _ in shown..<Self.reportSize { try text.append(UInt8(ascii: " ")) }
      }
      try Self.append(UInt64(request.currency), digits: 3, to: &text)
      for index in 0..<10 { try text.append(request.note[index]) }
    } catch { preconditionFailure("the fields are 80 characters together") }
  }

  private static func append(
    _ number: UInt64, digits: Int, to text: inout Bytes<80>
  ) throws(Overflow) {
    for place in stride(from: digits - 1, through: 0, by: -1) {
      var rest = number
      for _ in 0..<place { rest /= 10 }
      try text.append(UInt8(ascii: "0") + UInt8(rest % 10))
    }
  }
}
