// Recordings of a dialogue with a card: which they are is told from their content. The formats are
// in docs/TESTING.md.

import Contactless
import Foundation
import Octets
import Simulator

/// What is wrong with a dialogue file.
struct DialogueError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Commands and answers, and what the terminal knew at the time.
struct DialogueFile {
  static let largest = 4 << 20

  private(set) var exchanges: [Exchange] = []
  /// The terminal's data objects by tag, as far as the file has them.
  private(set) var terminal: [UInt32: [UInt8]] = [:]

  init(_ content: Data) throws {
    guard content.count <= Self.largest else { throw DialogueError("larger than 4 MiB") }
    if let json = try? JSONSerialization.jsonObject(with: content) {
      try read(json: json)
    } else {
      try read(text: String(decoding: content, as: UTF8.self))
    }
    guard !exchanges.isEmpty else {
      throw DialogueError("has no command with its answer; see docs/TESTING.md, Dialogues")
    }
  }

  // MARK: JSON

  private static let commandNames = ["cmd", "command", "capdu", "c-apdu", "request", "req", "tx"]
  private static let answerNames = [
    "resp", "response", "rapdu", "r-apdu", "answer", "reply", "rsp", "rx",
  ]
  private static let listNames = ["apdus", "exchanges", "dialogue", "dialog", "commands"]

  private mutating func read(json: Any) throws {
    if let list = json as? [Any] { return try read(list: list) }
    guard let file = json as? [String: Any] else { throw DialogueError("is no JSON object") }
    guard let list = Self.listNames.lazy.compactMap({ file[$0] as? [Any] }).first else {
      throw DialogueError("has no list \"apdus\"")
    }
    try read(list: list)
    for name in ["terminal", "transaction"] {
      if let objects = file[name] as? String { try read(objects: objects, name) }
      for (tag, value) in file[name] as? [String: String] ?? [:] {
        guard let number = UInt32(tag, radix: 16) else {
          throw DialogueError("\(name): '\(tag)' is no tag")
        }
        terminal[number] = try bytes(value, "\(name).\(tag)")
      }
    }
    if let date = file["date"] as? String { terminal[0x9A] = try bytes(date, "date") }
    if let time = file["time"] as? String { terminal[0x9F21] = try bytes(time, "time") }
    // A list of random numbers in the order of their use, or one after the other.
    let random = file["randoms"] ?? file["random"] ?? file["unpredictable"]
    if let random = random as? String ?? (random as? [String])?.first, !random.isEmpty {
      terminal[0x9F37] = Array(try bytes(random, "randoms").prefix(4))
    }
  }

  private mutating func read(list: [Any]) throws {
    for (number, entry) in list.enumerated() {
      let place = "apdus[\(number)]"
      var pair: (String?, String?) = (nil, nil)
      if let entry = entry as? [String: Any] {
        func text(_ names: [String]) -> String? {
          names.lazy.compactMap { entry[$0] as? String }.first
        }
        pair = (text(Self.commandNames), text(Self.answerNames))
        // A status on its own.
        if let status = text(["sw", "status"]) { pair.1 = (pair.1 ?? "") + status }
      } else if let entry = entry as? [String], entry.count == 2 {
        pair = (entry[0], entry[1])
      }
      guard let command = pair.0, let answer = pair.1 else {
        throw DialogueError("\(place): no \"cmd\" with its \"resp\"")
      }
      try add(try bytes(command, place + ".cmd"), try bytes(answer, place + ".resp"), place)
    }
  }

  private mutating func read(objects text: String, _ name: String) throws {
    let bytes = try bytes(text, name)
    var offset = 0
    do {
      while let object = try TLV.next(in: bytes.span, from: &offset) {
        terminal[object.tag] = Array(bytes[object.value])
      }
    } catch { throw DialogueError("\(name): no BER-TLV at byte \(offset)") }
  }

  // MARK: Text

  private static let toCard = [">", "->", "=>", ">>", "C:", "C-APDU:", "CMD:", "TX:", "SEND:"]
  private static let fromCard = ["<", "<-", "<=", "<<", "R:", "R-APDU:", "RSP:", "RX:", "RECV:"]

  /// A line for each command and answer, behind a mark; a time may stand before it. `# tag value`
  /// gives what the terminal knew.
  private mutating func read(text: String) throws {
    var command: [UInt8]?
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let place = "line \(index + 1)"
      var words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      if words.first == "#" {
        if words.count == 3, let tag = UInt32(words[1], radix: 16) {
          terminal[tag] = try bytes(words[2], place)
        }
        continue
      }
      if words.count > 1, Double(words[0]) != nil { words.removeFirst() }
      guard let mark = words.first?.uppercased(), words.count > 1 else { continue }
      let hex = words.dropFirst().joined()
      if Self.toCard.contains(mark) {
        command = try bytes(hex, place)
      } else if Self.fromCard.contains(mark) {
        guard let sent = command else {
          throw DialogueError("\(place): an answer without a command before it")
        }
        try add(sent, try bytes(hex, place), place)
        command = nil
      }
    }
  }

  private mutating func add(_ command: [UInt8], _ answer: [UInt8], _ place: String) throws {
    guard command.count >= 4 else {
      throw DialogueError("\(place): a command of less than 4 bytes")
    }
    exchanges.append(Exchange(command: command, answer: answer))
  }

  private func bytes(_ text: String, _ place: String) throws -> [UInt8] {
    var text = text.filter { !$0.isWhitespace && $0 != ":" && $0 != "-" }
    if text.hasPrefix("0x") || text.hasPrefix("0X") { text.removeFirst(2) }
    let digits = text.utf8.map { Hex.value($0) }
    guard digits.count % 2 == 0, !digits.contains(nil) else {
      throw DialogueError("\(place): '\(text.prefix(40))' is not whole bytes in hexadecimal")
    }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0]! << 4 | digits[$0 + 1]! }
  }
}

extension DialogueFile {
  private func number(_ tag: UInt32) -> UInt64? {
    guard let value = terminal[tag], value.count <= 6 else { return nil }
    return value.reduce(0) { $0 * 100 + UInt64($1 >> 4) * 10 + UInt64($1 & 0xF) }
  }

  private func binary(_ tag: UInt32) -> UInt32? {
    guard let value = terminal[tag], value.count <= 4 else { return nil }
    return value.reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// The payment: 10.00 in the card's country unless the file says otherwise.
  var request: TapRequest {
    var request = TapRequest(
      amount: number(0x9F02) ?? 1_000, currency: UInt16(clamping: number(0x5F2A) ?? 978),
      exponent: UInt8(clamping: number(0x5F36) ?? 2), date: UInt32(number(0x9A) ?? 260_101),
      time: UInt32(number(0x9F21) ?? 120_000), sequence: UInt32(number(0x9F41) ?? 1))
    request.kind = terminal[0x9C]?.first ?? 0
    return request
  }

  var unpredictable: UInt32 { binary(0x9F37) ?? 0x1234_5678 }

  /// The terminal: the firmware's own, but for what the file says of it. Without a country it is
  /// that of the currency: most have the same number.
  func terminal(_ own: TapTerminal) -> TapTerminal {
    var result = own
    result.country = UInt16(clamping: number(0x9F1A) ?? number(0x5F2A) ?? 978)
    if let qualifiers = binary(0x9F66) { result.qualifiers = qualifiers }
    if let capabilities = binary(0x9F33) { result.capabilities = capabilities }
    if let type = terminal[0x9F35]?.first { result.type = type }
    if let category = number(0x9F15) { result.category = UInt16(clamping: category) }
    if let serial = terminal[0x9F1E], serial.count == 8 {
      for index in 0..<8 { result.serial[index] = serial[index] }
    }
    return result
  }
}
