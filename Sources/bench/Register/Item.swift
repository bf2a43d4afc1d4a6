// CBOR as JSON: messages and records with the names of docs/PROTOCOL.md for their keys.

import CTillregister
import Foundation
import Link
import Octets

/// One CBOR item of those that messages and records use.
indirect enum Item {
  case number(UInt64)
  case bytes([UInt8])
  case text(String)
  case array([Item])
  case map([(UInt64, Item)])
  case bool(Bool)

  /// Nil for what is not one whole item.
  init?(_ bytes: [UInt8]) {
    var reader = CBORReader(bytes.span)
    guard let item = try? Self.read(&reader, bytes, depth: 8), (try? reader.end()) != nil else {
      return nil
    }
    self = item
  }

  private static func read(
    _ reader: inout CBORReader, _ all: [UInt8], depth: Int
  ) throws -> Item {
    guard depth > 0, reader.offset < all.count else { throw CBORError.truncated }
    switch all[reader.offset] >> 5 {
    case 0: return .number(try reader.unsigned())
    case 2:
      let count = try reader.bytes(atMost: all.count).count
      return .bytes([UInt8](all[(reader.offset - count)..<reader.offset]))
    case 3:
      let count = try reader.text(atMost: all.count).count
      let text = all[(reader.offset - count)..<reader.offset]
      return .text(String(decoding: text, as: UTF8.self))
    case 4:
      var items: [Item] = []
      for _ in 0..<(try reader.array(atMost: all.count)) {
        items.append(try read(&reader, all, depth: depth - 1))
      }
      return .array(items)
    case 5:
      var entries: [(UInt64, Item)] = []
      for _ in 0..<(try reader.map(atMost: all.count)) {
        entries.append((try reader.unsigned(), try read(&reader, all, depth: depth - 1)))
      }
      return .map(entries)
    default: return .bool(try reader.bool())
    }
  }

  subscript(key: UInt64) -> Item? {
    guard case .map(let entries) = self else { return nil }
    return entries.first { $0.0 == key }?.1
  }

  /// For `JSONSerialization`; the keys of the outermost map by name, where they have one.
  func json(_ names: [UInt64: String] = [:]) -> Any {
    switch self {
    case .number(let number): return number
    case .bytes(let bytes): return hexadecimal(bytes)
    case .text(let text): return text
    case .array(let items): return items.map { $0.json() }
    case .bool(let value): return value
    case .map(let entries):
      return Dictionary(
        uniqueKeysWithValues: entries.map { (names[$0.0] ?? String($0.0), $0.1.json()) })
    }
  }
}

/// Names of numbers and keys.
enum Terms {
  static func step(_ kind: EventKind) -> String { text(tillregister_step_text, kind.rawValue) }
  static func reason(_ reason: Reason) -> String {
    text(tillregister_reason_text, reason.rawValue)
  }
  static func prompt(_ prompt: Prompt) -> String {
    text(tillregister_prompt_text, prompt.rawValue)
  }
  static func outcome(_ outcome: Outcome) -> String {
    text(tillregister_outcome_text, outcome.rawValue)
  }
  static func kind(_ kind: TransactionKind) -> String {
    text(tillregister_kind_text, kind.rawValue)
  }

  private static func text(
    _ table: (UInt64) -> UnsafePointer<CChar>?, _ number: UInt8
  ) -> String {
    table(UInt64(number)).map { String(cString: $0) } ?? String(format: "number %02X", number)
  }

  static func methods(_ methods: Methods) -> [String] {
    var names: [String] = []
    if methods.contains(.magneticStripe) { names.append("stripe") }
    if methods.contains(.contactless) { names.append("tap") }
    if methods.contains(.walletCode) { names.append("code") }
    return names
  }

  /// docs/PROTOCOL.md section 8.
  static let record: [UInt64: String] = [
    0: "version", 1: "origin", 2: "index", 3: "epoch", 4: "reference", 5: "kind", 6: "amount",
    7: "time", 8: "uptime", 9: "entry-mode", 10: "outcome", 11: "card", 12: "scheme",
    13: "expiry", 14: "service-code", 15: "token", 16: "account", 17: "swipe", 18: "encrypted",
    19: "device", 20: "firmware", 21: "chip", 32: "reason", 33: "capture", 34: "tip",
    35: "original", 36: "table", 37: "check", 38: "part", 39: "approval",
  ]
  /// Section 5.
  static let totals: [UInt64: String] = [
    0: "message", 1: "period", 2: "closed", 3: "from-to", 4: "rows", 5: "ended", 6: "refused",
    7: "unlisted",
  ]
  static let diagnosis: [UInt64: String] = [
    0: "message", 1: "uptime", 2: "epoch", 3: "methods", 4: "releases", 5: "capture-gaps",
    6: "unacknowledged", 7: "line", 8: "readers",
  ]
}

extension PrintableText {
  var text: String {
    withText { text in String(decoding: text.indices.map { text[$0] }, as: UTF8.self) }
  }
}
