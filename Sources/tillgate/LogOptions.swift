// The command line of `tillgate log`.

import LinuxBoard
import Octets

struct LogOptions {
  enum Verb {
    case key, checkpoint, verify, show, prove, export, newOrigin
  }

  let verb: Verb
  let state: UnsafePointer<UInt8>
  /// Which log, counted from 1; nil for the one that goes on.
  var log: UInt64?
  var index: UInt64?
  var from: UInt64?
  var size: UInt64?
  var tiles: UnsafePointer<UInt8>?
  var isSure = false

  static func printUsage() {
    let usage: StaticString = """
      usage: tillgate log key --state DIR                 the key that verifies checkpoints
             tillgate log checkpoint --state DIR          a signed checkpoint
             tillgate log verify --state DIR              every record, node and root, of every log
             tillgate log show --state DIR --index N      one record, as JSON
             tillgate log prove --state DIR --index N     that it is in the log
             tillgate log prove --state DIR --from N      that the first N records are its beginning
             tillgate log export --state DIR              every record, as lines of JSON
             tillgate log export --state DIR --tiles DIR  the log as tlog-tiles
             tillgate log new-origin --state DIR --yes    end the log and begin another
      with --log K for the K-th log instead of the last, --size N for its first N records
      """
    Console.error.print(usage)
  }

  init?(_ arguments: Arguments) {
    guard let verb = Self.verb(arguments) else { return nil }
    self.verb = verb
    var state: UnsafePointer<UInt8>?
    var place = 2
    while place < arguments.count {
      if arguments.word(place, is: "--yes") {
        isSure = true
        place += 1
        continue
      }
      guard let value = arguments.pointer(place + 1) else { return nil }
      let text = UnsafePointer(UnsafeRawPointer(value).assumingMemoryBound(to: UInt8.self))
      if arguments.word(place, is: "--state") {
        state = text
      } else if arguments.word(place, is: "--tiles") {
        tiles = text
      } else {
        guard let number = arguments.withWord(place + 1, { Self.number($0) }) ?? nil else {
          return nil
        }
        if arguments.word(place, is: "--index") {
          index = number
        } else if arguments.word(place, is: "--from") {
          from = number
        } else if arguments.word(place, is: "--size") {
          size = number
        } else if arguments.word(place, is: "--log") {
          log = number
        } else {
          return nil
        }
      }
      place += 2
    }
    guard let state, Self.isComplete(verb, index: index, from: from) else { return nil }
    self.state = state
  }

  private static func isComplete(_ verb: Verb, index: UInt64?, from: UInt64?) -> Bool {
    switch verb {
    case .show: index != nil
    case .prove: (index == nil) != (from == nil)
    case .key, .checkpoint, .verify, .export, .newOrigin: true
    }
  }

  private static func verb(_ arguments: Arguments) -> Verb? {
    if arguments.word(1, is: "key") { return .key }
    if arguments.word(1, is: "checkpoint") { return .checkpoint }
    if arguments.word(1, is: "verify") { return .verify }
    if arguments.word(1, is: "show") { return .show }
    if arguments.word(1, is: "prove") { return .prove }
    if arguments.word(1, is: "export") { return .export }
    if arguments.word(1, is: "new-origin") { return .newOrigin }
    return nil
  }

  private static func number(_ digits: Span<UInt8>) -> UInt64? {
    guard digits.count > 0, digits.count <= 15 else { return nil }
    var number: UInt64 = 0
    for index in digits.indices {
      guard digits[index] >= UInt8(ascii: "0"), digits[index] <= UInt8(ascii: "9") else {
        return nil
      }
      number = number * 10 + UInt64(digits[index] - UInt8(ascii: "0"))
    }
    return number
  }
}
