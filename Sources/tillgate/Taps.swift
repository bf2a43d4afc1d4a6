// A board file's [contactless] in the reader's own terms. What only the reader can judge, such as
// which data objects may travel in clear, is found here and told by `tillgate check`.

import Contactless
import Controller
import Octets
import Profile

extension TapSettings {
  /// Nil when `mistake(in:)` finds something.
  init?(_ board: BoardProfile.Contactless) {
    guard Self.mistake(in: board) == nil else { return nil }
    var terminal = TapTerminal()
    terminal.country = UInt16(board.country)
    terminal.category = UInt16(board.category)
    terminal.qualifiers = board.qualifiers.withBytes { Self.number($0) }
    terminal.capabilities = board.capabilities.withBytes { Self.number($0) }
    terminal.floorLimit = UInt64(board.floorLimit)
    terminal.verificationLimit = UInt64(board.verificationLimit)
    terminal.tapLimit = board.tapLimit.map { UInt64($0) }
    if let tags = board.tags.withBytes({ TagList($0) }) { terminal.tags = tags }
    if let list = board.applications.withBytes({ AIDList($0) }) { terminal.applications = list }
    self.init(terminal: terminal, fastest: board.fastest)
  }

  /// What is wrong with the section, and what is allowed.
  static func mistake(in board: BoardProfile.Contactless) -> StaticString? {
    if board.qualifiers.count != 8 || !board.qualifiers.withBytes({ isHex($0) }) {
      return "qualifiers of [contactless] are not 4 bytes; allowed: 8 hexadecimal digits"
    }
    if board.capabilities.count != 6 || !board.capabilities.withBytes({ isHex($0) }) {
      return "capabilities of [contactless] are not 3 bytes; allowed: 6 hexadecimal digits"
    }
    if !board.tags.isEmpty, board.tags.withBytes({ TagList($0) }) == nil {
      return """
        tags of [contactless] are no list for DE55; allowed: at most 40 tags, each once, none that \
        holds the card number or the holder's name
        """
    }
    if !board.applications.isEmpty, board.applications.withBytes({ AIDList($0) }) == nil {
      return """
        aids of [contactless] are no list of applications; allowed: at most 16, of Visa, \
        Mastercard, Amex, JCB, Discover and UnionPay
        """
    }
    return nil
  }

  private static func isHex(_ text: Span<UInt8>) -> Bool {
    for index in text.indices where Hex.value(text[index]) == nil { return false }
    return true
  }

  private static func number(_ digits: Span<UInt8>) -> UInt32 {
    var number: UInt32 = 0
    for index in digits.indices { number = number << 4 | UInt32(Hex.value(digits[index]) ?? 0) }
    return number
  }
}
