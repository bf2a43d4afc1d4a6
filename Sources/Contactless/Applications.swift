// Payment applications: which there are, whose they are, in which order a card wants them tried.

import Octets

/// An application identifier: 5 to 16 bytes (ISO/IEC 7816-4 section 8.2.1.2).
public struct AID: Equatable, Sendable {
  private var bytes = InlineArray<16, UInt8>(repeating: 0)
  public let count: Int

  public init?(_ name: Span<UInt8>) {
    guard name.count >= 5, name.count <= 16 else { return nil }
    count = name.count
    for index in name.indices { bytes[index] = name[index] }
  }

  public borrowing func withBytes<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try body(bytes.span.extracting(0..<count))
  }

  /// The registered provider: the first five bytes.
  public var provider: UInt64 { number(5) }

  /// The first `size` bytes, at most 8, as a number.
  private func number(_ size: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<size { value = value << 8 | UInt64(bytes[index]) }
    return value
  }

  func begins(with other: AID) -> Bool {
    guard other.count <= count else { return false }
    for index in 0..<other.count where bytes[index] != other.bytes[index] { return false }
    return true
  }

  public static func == (left: AID, right: AID) -> Bool {
    left.count == right.count && left.begins(with: right)
  }
}

/// Whose rules an application follows. Raw values are EMV's kernel identifiers (Book B table 3-6).
public enum Kernel: UInt8, Sendable, BitwiseCopyable {
  case mastercard = 2
  case visa = 3
  case amex = 4
  case jcb = 5
  case discover = 6
  case unionPay = 7

  /// The kernel of a provider's applications.
  init?(provider: UInt64) {
    switch provider {
    // A000000098 is Visa's for debit in the United States.
    case 0xA0_0000_0003, 0xA0_0000_0098: self = .visa
    case 0xA0_0000_0004: self = .mastercard
    case 0xA0_0000_0025: self = .amex
    case 0xA0_0000_0065: self = .jcb
    case 0xA0_0000_0152, 0xA0_0000_0324: self = .discover
    case 0xA0_0000_0333: self = .unionPay
    default: return nil
    }
  }
}

/// What an AID says of the account behind it. Most say nothing: a card of the same AID may be
/// either.
public enum AccountType: UInt8, Sendable, BitwiseCopyable {
  case unknown = 0
  case debit = 1
  case credit = 2

  /// Source: EMV's and the schemes' lists of AIDs.
  public init(_ aid: AID) {
    let product = aid.withBytes { name in
      var value: UInt64 = 0
      for index in 5..<min(name.count, 8) { value = value << 8 | UInt64(name[index]) }
      return name.count < 7 ? 0 : name.count == 7 ? value << 8 : value
    }
    switch (aid.provider, product >> 8) {
    // Electron, V PAY; Maestro; US common debit of Visa and Mastercard; Mir.
    case (0xA0_0000_0003, 0x2010), (0xA0_0000_0003, 0x2020), (0xA0_0000_0004, 0x3060),
      (0xA0_0000_0004, 0x2203), (0xA0_0000_0658, 0x2010):
      self = .debit
    case (0xA0_0000_0098, _): self = .debit
    case (0xA0_0000_0658, 0x1010): self = .credit
    case (0xA0_0000_0333, _):
      self =
        product == 0x010101
        ? .debit
        : product == 0x010102 || product == 0x010103
          ? .credit : .unknown
    default: self = .unknown
    }
  }
}

/// The applications that this reader takes, as a text of hexadecimal AIDs between blanks or commas.
/// An application of a card fits when its name begins with one of them.
public struct AIDList: Sendable {
  public static let capacity = 16

  private var names = InlineArray<16, AID?>(repeating: nil)
  public private(set) var count = 0

  /// Nil when `text` has anything else, no name, or more than 16.
  public init?(_ text: Span<UInt8>) {
    var index = 0
    while index < text.count {
      let character = text[index]
      if character == UInt8(ascii: " ") || character == UInt8(ascii: ",") {
        index += 1
        continue
      }
      var end = index
      while end < text.count, Hex.value(text[end]) != nil { end += 1 }
      var name = Bytes<16>()
      do { try Hex.decode(text.extracting(index..<end), into: &name) } catch { return nil }
      guard count < Self.capacity, let aid = name.withBytes({ AID($0) }),
        Kernel(provider: aid.provider) != nil
      else { return nil }
      names[count] = aid
      count += 1
      index = end
    }
    guard count > 0 else { return nil }
  }

  /// Of all schemes that `Kernel` knows the applications for payment, each by its whole name:
  /// without a directory a card is asked for each in turn.
  public static var standard: StaticString {
    """
    A0000000031010,A0000000041010,A00000002501,A0000001523010,A0000000651010,A000000333010101,\
    A000000333010102,A000000333010103,A0000000043060,A0000000032010,A0000000032020,\
    A0000000980840,A0000000042203,A0000003241010
    """
  }

  public init() {
    let list = withLiteral(Self.standard) { AIDList($0) }
    guard let list else { preconditionFailure("the tests read this list") }
    self = list
  }

  subscript(index: Int) -> AID? { index < count ? names[index] : nil }

  func takes(_ aid: AID) -> Bool {
    for index in 0..<count {
      if let name = names[index], aid.begins(with: name) { return true }
    }
    return false
  }
}

/// An application of this card that this reader takes.
public struct Application: Sendable {
  public let aid: AID
  public let kernel: Kernel
  /// 1 is the card's first choice, 15 its last; 0 when it has none.
  let priority: UInt8
}

/// The applications of a card that are left to be tried.
struct Candidates {
  static let capacity = 16
  private var entries = InlineArray<16, Application?>(repeating: nil)
  private var count = 0

  init() {}

  var isEmpty: Bool {
    for index in 0..<count where entries[index] != nil { return false }
    return true
  }

  /// More than 16 are left out: no card has them.
  mutating func add(_ application: Application) {
    guard count < Self.capacity else { return }
    entries[count] = application
    count += 1
  }

  /// Takes out the one with the highest priority; of equals, the one that the card named first; one
  /// without priority last (EMV Book B section 3.3.3).
  mutating func takeFirst() -> Application? {
    var best: (place: Int, priority: UInt8)?
    for index in 0..<count {
      guard let entry = entries[index] else { continue }
      let priority = entry.priority == 0 ? 16 : entry.priority
      if best == nil || priority < best!.priority { best = (index, priority) }
    }
    guard let best else { return nil }
    defer { entries[best.place] = nil }
    return entries[best.place]
  }
}

extension Candidates {
  /// Reads the answer to SELECT PPSE: `6F{84, A5{BF0C{61{4F, 87, 9F2A} …}}}` (EMV Book B section
  /// 3.3.2.2). An entry that cannot be read is left out, as is one of another terminal's.
  init(directory: Span<UInt8>, taking list: borrowing AIDList) throws(TLVError) {
    self.init()
    guard let file = try TLV.find(0x6F, in: directory) else { return }
    let control = directory.extracting(file)
    guard let proprietary = try TLV.find(0xA5, in: control) else { return }
    let inner = control.extracting(proprietary)
    guard let issuer = try TLV.find(0xBF0C, in: inner) else { return }
    let entries = inner.extracting(issuer)
    var offset = 0
    while let entry = try TLV.next(in: entries, from: &offset) {
      guard entry.tag == 0x61 else { continue }
      if let found = try Application(entry: entries.extracting(entry.value)), list.takes(found.aid)
      {
        add(found)
      }
    }
  }

  /// The applications to be tried at a card without a directory.
  init(_ list: borrowing AIDList) {
    self.init()
    for index in 0..<list.count {
      if let aid = list[index], let kernel = Kernel(provider: aid.provider) {
        add(Application(aid: aid, kernel: kernel, priority: 0))
      }
    }
  }
}

extension Application {
  init?(entry: Span<UInt8>) throws(TLVError) {
    guard let name = try TLV.find(0x4F, in: entry), let aid = AID(entry.extracting(name)) else {
      return nil
    }
    var priority: UInt8 = 0
    if let place = try TLV.find(0x87, in: entry), place.count == 1 {
      priority = entry[place.lowerBound] & 0x0F
    }
    var kernel = Kernel(provider: aid.provider)
    // A kernel of its own that the card asks for (Book B table 3-5): 0 leaves it to us, one of a
    // single country is not ours.
    if let place = try TLV.find(0x9F2A, in: entry), place.count > 0, entry[place.lowerBound] != 0 {
      kernel = Kernel(rawValue: entry[place.lowerBound])
    }
    guard let kernel else { return nil }
    self.init(aid: aid, kernel: kernel, priority: priority)
  }
}
