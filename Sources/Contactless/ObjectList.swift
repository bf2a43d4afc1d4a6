// Lists of tags: those that a card wants answered (DOL, EMV Book 3 section 5.4), and those that the
// acquirer wants in DE55.

import Octets

enum ObjectList {
  /// Appends what `list`, a PDOL or CDOL, asks for, one value after the other without tags.
  static func answer<let size: Int>(
    _ list: Span<UInt8>, _ terminal: TerminalData, _ card: borrowing DataObjects,
    into data: inout Bytes<size>
  ) throws(CardFault) {
    var offset = 0
    while offset < list.count {
      let tag: UInt32
      do { tag = try TLV.readTag(in: list, from: &offset) } catch { throw .malformed }
      guard offset < list.count else { throw .malformed }
      let length = Int(list[offset])
      offset += 1
      guard length <= data.room else { throw .tooMuchData }
      do { try answer(tag, length, terminal, card, into: &data) } catch { throw .tooMuchData }
    }
  }

  private static func answer<let size: Int>(
    _ tag: UInt32, _ length: Int, _ terminal: TerminalData, _ card: borrowing DataObjects,
    into data: inout Bytes<size>
  ) throws(Overflow) {
    var value = Bytes<32>()
    if terminal.get(tag, into: &value) {
      return try value.withBytes { (value) throws(Overflow) in
        try fit(value, tag, length, into: &data)
      }
    }
    guard card.has(tag) else {
      // What nobody knows is answered with zeros, a template likewise (rules 1 and 2).
      for _ in 0..<length { try data.append(0) }
      return
    }
    _ = try card.with(tag) { (value) throws(Overflow) in
      try fit(value, tag, length, into: &data)
    }
  }

  /// Numbers keep their right end and are filled with zeros on the left, all else keeps its left
  /// end (rules 3 and 4).
  private static func fit<let size: Int>(
    _ value: Span<UInt8>, _ tag: UInt32, _ length: Int, into data: inout Bytes<size>
  ) throws(Overflow) {
    let spare = max(0, length - value.count)
    if isNumber(tag) {
      for _ in 0..<spare { try data.append(0) }
      try data.append(value.extracting(max(0, value.count - length)...))
    } else {
      try data.append(value.extracting(..<min(length, value.count)))
      for _ in 0..<spare { try data.append(0) }
    }
  }

  /// Objects of format "n" that a terminal or card can have.
  private static func isNumber(_ tag: UInt32) -> Bool {
    switch tag {
    case 0x9F02, 0x9F03, 0x5F2A, 0x5F36, 0x9A, 0x9F21, 0x9C, 0x9F41, 0x9F1A, 0x9F35, 0x9F15, 0x9F01,
      0x5F24, 0x5F25, 0x5F28, 0x5F30, 0x5F34:
      true
    default: false
    }
  }
}

/// The data objects of DE55 in their order.
public struct TagList: Sendable {
  public static let capacity = 40

  private var tags = InlineArray<40, UInt32>(repeating: 0)
  public private(set) var count = 0

  /// What acquirers ask for everywhere, the indispensable first: when a record has no room for
  /// all, those at the end are left out.
  public static var standard: StaticString {
    """
    9F26,9F27,9F10,9F37,9F36,95,9A,9C,9F02,9F03,5F2A,82,9F1A,9F33,9F34,9F35,84,5F34,9F09,9F1E,9F41,\
    9F6E,9F7C
    """
  }

  public init() {
    let list = withLiteral(Self.standard) { TagList($0) }
    guard let list else { preconditionFailure("the tests read this list") }
    self = list
  }

  /// Hexadecimal tags between blanks or commas. Nil when `text` has anything else, no tag, a tag
  /// twice, more than 40, or one that may only travel encrypted.
  public init?(_ text: Span<UInt8>) {
    var index = 0
    while index < text.count {
      if text[index] == UInt8(ascii: " ") || text[index] == UInt8(ascii: ",") {
        index += 1
        continue
      }
      var end = index
      while end < text.count, Hex.value(text[end]) != nil { end += 1 }
      var bytes = Bytes<3>()
      do { try Hex.decode(text.extracting(index..<end), into: &bytes) } catch { return nil }
      guard let tag = bytes.withBytes({ Self.tag($0) }), add(tag) else { return nil }
      index = end
    }
    guard count > 0 else { return nil }
  }

  private static func tag(_ bytes: Span<UInt8>) -> UInt32? {
    var offset = 0
    do {
      let tag = try TLV.readTag(in: bytes, from: &offset)
      return offset == bytes.count ? tag : nil
    } catch { return nil }
  }

  private mutating func add(_ tag: UInt32) -> Bool {
    guard count < Self.capacity, !Self.isSecret(tag), !TLV.isConstructed(tag) else { return false }
    for index in 0..<count where tags[index] == tag { return false }
    tags[count] = tag
    count += 1
    return true
  }

  public subscript(index: Int) -> UInt32 {
    precondition(index < count, "our own index")
    return tags[index]
  }

  /// Objects that hold the card number, the holder's name or secrets: they leave this program
  /// encrypted only. In the order in which they are given up when there is no room.
  static var secret: [9 of UInt32] {
    [0x57, 0x5A, 0x5F24, 0x5F20, 0x9F1F, 0x9F20, 0x9F0B, 0x56, 0x99]
  }

  public static func isSecret(_ tag: UInt32) -> Bool {
    let secret = Self.secret
    for index in secret.indices where secret[index] == tag { return true }
    return false
  }
}
