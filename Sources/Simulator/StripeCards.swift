// Cards to swipe: random ones in the layouts of ISO/IEC 7813 and 4909, and some of no layout.

import Magstripe
import Octets

extension StripeTracks {
  /// Replaces the content with a random card: tracks 1 and 2 of a payment card with one account
  /// number of 13 to 19 digits, and a track 3; or, once in eight, digits of no layout on track 2.
  public mutating func fillRandomly(_ random: inout SeededRandom) {
    wipe()
    // Cannot overflow: the longest of each fits ISO/IEC 7811, and so its buffer.
    try? fill(&random)
  }

  private mutating func fill(_ random: inout SeededRandom) throws(Overflow) {
    if random.below(8) == 0 {
      try two.append(";")
      try two.append(digits: 5 + random.below(32), &random)
      try two.append("?")
      return
    }
    var account = Bytes<19>()
    try account.append(digits: 13 + random.below(7), &random)
    var tail = Bytes<24>()
    try tail.append(digits: 7, &random)

    try one.append("%B")
    try one.append(account)
    try one.append("^")
    for _ in 0..<2 + random.below(25) {
      try one.append(UInt8(ascii: "A") + UInt8(random.below(26)))
    }
    try one.append("^")
    try one.append(tail)
    try one.append(digits: random.below(77 - one.count), &random)
    try one.append("?")

    try two.append(";")
    try two.append(account)
    try two.append("=")
    try two.append(tail)
    try two.append(digits: random.below(38 - two.count + 1), &random)
    try two.append("?")

    try three.append(";01")
    try three.append(account)
    try three.append("=")
    try three.append(digits: 20 + random.below(105 - three.count - 20), &random)
    try three.append("?")
  }
}

extension Bytes {
  fileprivate mutating func append(digits: Int, _ random: inout SeededRandom) throws(Overflow) {
    for _ in 0..<digits { try append(UInt8(ascii: "0") + UInt8(random.below(10))) }
  }

  fileprivate mutating func append<let other: Int>(_ bytes: borrowing Bytes<other>)
    throws(Overflow)
  {
    for index in 0..<bytes.count { try append(bytes[index]) }
  }
}
