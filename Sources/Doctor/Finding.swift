// What the doctor found: one thing each, with what to do about it.

/// How bad it is. The program's exit code goes by the worst.
public enum Level: UInt8, Sendable {
  case good
  /// Worth knowing.
  case note
  /// Works, but not as it should.
  case warning
  /// No payment can be taken, or something may be lost.
  case fault
}

/// What was looked at.
public enum Subject: UInt8, Sendable {
  case kernel, walls, limits, board, clock, chip, lines, port, reader, disk, keys, pairing, link

  public var name: StaticString {
    switch self {
    case .kernel: "kernel"
    case .walls: "walls"
    case .limits: "limits"
    case .board: "board"
    case .clock: "clock"
    case .chip: "chip"
    case .lines: "lines"
    case .port: "port"
    case .reader: "reader"
    case .disk: "disk"
    case .keys: "keys"
    case .pairing: "pairing"
    case .link: "link"
    }
  }
}

public struct Finding: Sendable {
  public let subject: Subject
  public let level: Level
  /// For programs: stays the same from version to version.
  public let code: StaticString
  /// Printable ASCII without quotes.
  public let words: StaticString
  /// A number after the words, with its unit.
  public let amount: Int64?
  public let unit: StaticString
  /// What to do; empty when there is nothing.
  public let remedy: StaticString

  init(
    _ subject: Subject, _ level: Level, _ code: StaticString, _ words: StaticString,
    _ amount: Int64? = nil, _ unit: StaticString = "", do remedy: StaticString = ""
  ) {
    self.subject = subject
    self.level = level
    self.code = code
    self.words = words
    self.amount = amount
    self.unit = unit
    self.remedy = remedy
  }
}
