// The list of paired registers as people see it, and how they name one: by the first digits of its
// key.

import Link
import LinuxBoard
import Octets

extension PairingBook {
  /// The one register whose key begins with these hexadecimal digits, at least four.
  borrowing func entry(beginningWith digits: Span<UInt8>) -> Entry? {
    guard digits.count >= 4, digits.count <= 64 else { return nil }
    var found: Entry?
    for index in 0..<count where self[index].register.key.begins(with: digits) {
      if found != nil { return nil }
      found = self[index]
    }
    return found
  }

  /// A line for each register: eight bytes of its key, since when, its name.
  borrowing func appendLines<let capacity: Int>(
    to text: inout Bytes<capacity>
  ) throws(Overflow) {
    for index in 0..<count {
      let entry = self[index]
      try entry.register.key.withBytes { (key) throws(Overflow) in
        for place in 0..<8 { try text.append(hex: key[place]) }
      }
      try text.append("  ")
      if entry.unixMilliseconds == 0 {
        try text.append("from a file      ")
      } else {
        try text.append(minuteOf: entry.unixMilliseconds)
      }
      try text.append("  ")
      try entry.register.name.withText { (name) throws(Overflow) in try text.append(name) }
      try text.append("\n")
    }
  }
}

extension PublicKey {
  fileprivate func begins(with digits: Span<UInt8>) -> Bool {
    withBytes { bytes in
      for place in digits.indices {
        let half = place % 2 == 0 ? bytes[place / 2] >> 4 : bytes[place / 2] & 15
        guard Hex.value(digits[place]) == half else { return false }
      }
      return true
    }
  }
}

extension Bytes {
  /// The date and time of day, UTC, to the minute, as in ISO 8601: 17 characters.
  fileprivate mutating func append(minuteOf unixMilliseconds: UInt64) throws(Overflow) {
    // A clock beyond the year 9999 is wrong anyway.
    let minutes = min(unixMilliseconds / 60_000, 4_223_371_679)
    let (year, month, day) = Self.date(of: Int(minutes / 1440))
    try append(twoDigits: year / 100)
    try append(twoDigits: year % 100)
    try append("-")
    try append(twoDigits: month)
    try append("-")
    try append(twoDigits: day)
    try append(" ")
    try append(twoDigits: Int(minutes / 60 % 24))
    try append(":")
    try append(twoDigits: Int(minutes % 60))
    try append("Z")
  }

  private mutating func append(twoDigits number: Int) throws(Overflow) {
    try append(UInt8(ascii: "0") + UInt8(number / 10))
    try append(UInt8(ascii: "0") + UInt8(number % 10))
  }

  /// The Gregorian date of a day counted from 1970-01-01. Years are taken to begin in March: the
  /// leap day is then their last.
  private static func date(of day: Int) -> (Int, Int, Int) {
    let shifted = day + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let year = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * year + year / 4 - year / 100)
    let fromMarch = (5 * dayOfYear + 2) / 153
    let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
    return (
      year + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * fromMarch + 2) / 5 + 1
    )
  }
}
