// A card that says what was recorded: commands and answers of a dialogue, found again by what a
// command is, even when its data differ.

/// One command and its answer.
public struct Exchange: Equatable, Sendable {
  public var command: [UInt8]
  public var answer: [UInt8]

  public init(command: [UInt8], answer: [UInt8]) {
    self.command = command
    self.answer = answer
  }
}

public struct DialogueCard: Sendable {
  public let exchanges: [Exchange]
  /// Which were used, in the order of their use.
  public private(set) var used: [Int] = []
  /// Exchanges whose recorded command was another than the one that came, with that one.
  public private(set) var differences: [(place: Int, command: [UInt8])] = []
  /// Commands that the recording has nothing for.
  public private(set) var unknown: [[UInt8]] = []

  public init(_ exchanges: [Exchange]) { self.exchanges = exchanges }

  /// The recorded answer: of the same command, or else of one with the same instruction and the
  /// same choice (an application, a record), each used once. What follows the exchange that was
  /// used last goes before what precedes it: options and records belong to the application selected
  /// before them. 6A82 when there is none: not found.
  public mutating func answer(_ command: [UInt8]) -> [UInt8] {
    let next = used.last.map { $0 + 1 } ?? 0
    let place =
      unused(from: next) { $0.command == command }
      ?? unused(from: next) { Self.isAlike($0.command, command) }
      ?? unused(from: 0) { $0.command == command }
      ?? unused(from: 0) { Self.isAlike($0.command, command) }
    guard let place else {
      unknown.append(command)
      return [0x6A, 0x82]
    }
    used.append(place)
    if exchanges[place].command != command { differences.append((place, command)) }
    return exchanges[place].answer
  }

  private func unused(from start: Int, _ isWanted: (Exchange) -> Bool) -> Int? {
    for place in start..<exchanges.count
    where !used.contains(place) && isWanted(exchanges[place]) {
      return place
    }
    return nil
  }

  private static func isAlike(_ recorded: [UInt8], _ command: [UInt8]) -> Bool {
    guard recorded.count >= 4, command.count >= 4, recorded[1] == command[1] else { return false }
    switch command[1] {
    // SELECT: the same name; a recording may lack Le.
    case 0xA4: return name(recorded) == name(command)
    // READ RECORD: the same record.
    case 0xB2: return recorded[2...3] == command[2...3]
    default: return true
    }
  }

  private static func name(_ select: [UInt8]) -> [UInt8] {
    guard select.count > 5 else { return [] }
    return Array(select.dropFirst(5).prefix(Int(select[4])))
  }
}
