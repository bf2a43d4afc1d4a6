// The list of paired registers as people see it, and how they name one: by the first digits of its
// key.

import Identity
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
        try Hex.encode(key.extracting(..<8), into: &text)
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
    let date = CalendarDay(unixMilliseconds: minutes * 60_000)
    try append(twoDigits: date.year / 100)
    try append(twoDigits: date.year % 100)
    try append("-")
    try append(twoDigits: date.month)
    try append("-")
    try append(twoDigits: date.day)
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
}
