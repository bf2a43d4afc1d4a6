// The expiry month of a card and the calendar it is held against.

/// A day of the proleptic Gregorian calendar.
public struct CalendarDay: Equatable, Comparable, Sendable, BitwiseCopyable {
  public let year: Int
  /// 1 to 12.
  public let month: Int
  /// 1 to 31.
  public let day: Int

  /// The day on which a moment falls, `unixMilliseconds` after 1970-01-01 UTC, at a place whose
  /// clocks are `offsetMinutes` ahead of UTC.
  public init(unixMilliseconds: UInt64, offsetMinutes: Int16 = 0) {
    let minutes = Int(unixMilliseconds / 60_000) + Int(offsetMinutes)
    self.init(daysSince1970: (minutes >= 0 ? minutes : minutes - 1_439) / 1_440)
  }

  /// Counts in years that begin in March, so that the leap day is the last of its year, and in eras
  /// of 400 years (146,097 days). The era that 1970-01-01 lies in began 719,468 days before it.
  private init(daysSince1970 days: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }

  public static func < (left: CalendarDay, right: CalendarDay) -> Bool {
    (left.year, left.month, left.day) < (right.year, right.month, right.day)
  }
}

/// The last month in which a card is valid.
public struct Expiry: Equatable, Sendable, BitwiseCopyable {
  public let year: Int
  /// 1 to 12.
  public let month: Int

  /// Reads `YYMM` as on tracks 1 and 2 (ISO/IEC 7813). Years 00-49 are 2000-2049 and 50-99 are
  /// 1950-1999, the rule EMV terminals use (EMV Book 4).
  public init(_ yearMonth: Span<UInt8>) throws(ExpiryError) {
    guard yearMonth.count == 4 else { throw .notFourDigits }
    guard let digits = PAN.leading(4, of: yearMonth) else { throw .notFourDigits }
    let (shortYear, month) = (digits / 100, digits % 100)
    guard month >= 1, month <= 12 else { throw .noSuchMonth }
    self.year = shortYear < 50 ? 2000 + shortYear : 1900 + shortYear
    self.month = month
  }

  /// A card is valid through the last day of its month.
  public func isExpired(on day: CalendarDay) -> Bool {
    (year, month) < (day.year, day.month)
  }
}

public enum ExpiryError: Error, Equatable {
  /// Another length, or something else than digits: a track may leave the date out.
  case notFourDigits
  case noSuchMonth
}
