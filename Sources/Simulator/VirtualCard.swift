// Something that is held before the reader: how the chip finds it, what it answers, how long it
// takes.

import Octets

public struct VirtualCard: Sendable {
  /// What is behind the antenna.
  public enum Content: Sendable {
    case payment(PaymentCard)
    case dialogue(DialogueCard)
    /// A ticket or door card: no ISO-DEP.
    case memory
    /// Answers whatever it likes: true answers with one byte changed, cut short or made up.
    case liar(PaymentCard, SeededRandom)
  }

  public var content: Content
  public var identifier: [UInt8]
  /// Bits of a card of type B instead of A.
  public var isTypeB = false
  /// After so many APDUs the card is taken away: the next gets no answer.
  public var leavesAfter: Int?
  /// Multiplies the time that the card takes.
  public var slowness: Int64 = 1
  public private(set) var apdus = 0
  /// What was answered last, and every command and answer.
  public private(set) var answer: [UInt8] = []
  public private(set) var transcript: [(command: [UInt8], answer: [UInt8])] = []

  public init(_ content: Content, identifier: [UInt8] = [0x08, 0x1A, 0x2B, 0x3C]) {
    self.content = content
    self.identifier = identifier
  }

  var modulation: UInt8 { isTypeB ? 0x03 : 0x00 }
  var speaksISODEP: Bool { if case .memory = content { false } else { true } }

  /// Frames of at most 256 bytes, answers within 77 ms, no identifiers.
  let ats: [UInt8] = [0x05, 0x78, 0x80, 0x70, 0x02]

  /// SENS_RES, SEL_RES, identifier and perhaps ATS; or ATQB and the answer to ATTRIB.
  func description(withATS: Bool) -> [UInt8] {
    if isTypeB {
      return [0x50] + identifier.prefix(4) + [0, 0, 0, 0, 0x00, 0x81, 0x71] + [0x01, 0x00]
    }
    let head: [UInt8] = [0x00, 0x04, speaksISODEP ? 0x20 : 0x08, UInt8(identifier.count)]
    return head + identifier + (speaksISODEP && withATS ? ats : [])
  }

  /// The field was off.
  mutating func reset() {
    if case .payment(var card) = content {
      card.reset()
      content = .payment(card)
    }
  }

  /// Answers an APDU, into `answer`; returns how long the card thinks.
  mutating func take(_ apdu: [UInt8]) -> Interval {
    apdus += 1
    answer = []
    if let leavesAfter, apdus > leavesAfter { return .milliseconds(5) }
    switch content {
    case .payment(var card):
      answer = card.answer(apdu)
      content = .payment(card)
    case .dialogue(var card):
      answer = card.answer(apdu)
      content = .dialogue(card)
    case .memory: return .milliseconds(5)
    case .liar(var card, var random):
      answer = Self.lie(card.answer(apdu), &random)
      content = .liar(card, random)
    }
    transcript.append((apdu, answer))
    return Interval(nanoseconds: Self.thinkingTime(apdu).nanoseconds * slowness)
  }

  private static func lie(_ truth: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
    var answer = truth
    switch random.below(5) {
    case 0: answer[random.below(answer.count)] = UInt8(truncatingIfNeeded: random.next())
    case 1: answer.removeLast(random.below(answer.count))
    case 2: answer.insert(UInt8(truncatingIfNeeded: random.next()), at: random.below(answer.count))
    case 3: answer = (0..<random.below(300)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    default: break
    }
    return answer.isEmpty ? [0] : answer
  }

  /// What cards of today take, by instruction: the cryptogram most.
  private static func thinkingTime(_ apdu: [UInt8]) -> Interval {
    switch apdu.count > 1 ? apdu[1] : 0 {
    case 0xA4: .milliseconds(8)
    case 0xA8: .milliseconds(25)
    case 0xB2: .milliseconds(4)
    case 0xAE: .milliseconds(60)
    default: .milliseconds(2)
    }
  }

  /// On the air at 106 kbit/s: each byte is nine bits of 9.44 us, a block has one byte before and
  /// two behind it, and the answer comes after 86 us at least (ISO/IEC 14443-3, -4).
  static func airTime(_ command: Int, _ answer: Int) -> Interval {
    Interval(nanoseconds: Int64(command + answer + 6) * 84_960 + 2 * 86_000)
  }
}
