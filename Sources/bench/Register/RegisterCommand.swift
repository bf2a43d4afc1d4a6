// `bench register`: a register one types at, or that a script drives, at a real controller.

import ArgumentParser
import Foundation
import Glibc
import Link
import Octets
import Register

struct RegisterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "register",
    abstract: "A register at a real controller: typed at, with a live view, or by a script.",
    discussion: """
      Orders, one a line:

      \(Order.help)

      With --script they are read from the standard input, and a line of JSON is written for \
      everything that comes. Exit status: 0 all is paid, 1 something was refused or not paid, 2 an \
      order is wrong or time ran out, 3 records are missing or somebody forges frames.
      """)

  @Argument(help: "The line: a serial port or pseudo-terminal.")
  var line: String
  @Option(help: "The register's key file (docs/KIT.md).")
  var keys: String
  @Option(help: "Where records are kept, before they are acknowledged.")
  var records: String
  @Option(help: "Bits per second.")
  var baud = 115_200
  @Option(help: "File with the acquirer's payload for codes that the merchant shows.")
  var merchantCode: String?
  @Flag(help: "Orders from the standard input, JSON to the standard output.")
  var script = false
  @Option(help: "Seconds that a script waits for a step, or at its end.")
  var patience = 150

  func run() throws {
    let station: RegisterStation
    do {
      station = try RegisterStation(
        line, baud: baud, keys: keys, records: records, template: try template())
    } catch { throw ExitCode(say("\(error)")) }
    let prefix = "B" + String(UInt64(Date().timeIntervalSince1970), radix: 36).uppercased()
    do {
      if script {
        var run = ScriptRun(station, OrderBook(prefix: prefix), patience: patience)
        throw ExitCode(try run.run())
      }
      try live(station, OrderBook(prefix: prefix))
    } catch let failure as SystemFailure { throw ExitCode(say(failure.description)) }
  }

  private func template() throws -> [UInt8] {
    guard let merchantCode else { return [] }
    var text = [UInt8](try Data(contentsOf: URL(filePath: merchantCode)))
    while text.last == 0x0A || text.last == 0x0D { text.removeLast() }
    guard 1...CodeRequest.limit ~= text.count else {
      throw SystemFailure("\(merchantCode): a payload has 1 to \(CodeRequest.limit) bytes", EINVAL)
    }
    return text
  }

  private func say(_ text: String) -> Int32 {
    FileHandle.standardError.write(Data("bench register: \(text)\n".utf8))
    return 2
  }

  private func live(_ station: RegisterStation, _ orders: OrderBook) throws {
    var orders = orders
    var view = LiveView(line: line)
    var keys = TypedLine()
    view.open()
    defer { view.close() }
    while true {
      view.draw(station, typed: keys.text)
      guard try station.turn(0, { view.show($0) }) else { continue }
      guard keys.read() else { return }
      while let text = keys.next() {
        do throws(Mistake) {
          guard let order = try orders.read(text) else { continue }
          if case .quit = order { return }
          if case .pay(let request) = order { view.show(asked: request) }
          station.carryOut(order)
        } catch { view.show(error) }
      }
    }
  }
}

/// A line as it is typed, key by key.
struct TypedLine {
  private(set) var text = ""
  private var lines: [String] = []

  /// Takes the keys that were pressed; false when it is the end: control C or D.
  mutating func read() -> Bool {
    var keys = [UInt8](repeating: 0, count: 256)
    let count = Glibc.read(0, &keys, keys.count)
    guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) }
    for key in keys.prefix(count) {
      switch key {
      case 0x03, 0x04: return false
      case 0x0A, 0x0D:
        lines.append(text)
        text = ""
      case 0x08, 0x7F: _ = text.popLast()
      case 0x15: text = ""
      case 0x20...0x7E: text.unicodeScalars.append(Unicode.Scalar(key))
      default: break
      }
    }
    return true
  }

  mutating func next() -> String? { lines.isEmpty ? nil : lines.removeFirst() }
}

/// Lines of the standard input, as they come.
struct InputLines {
  private var bytes: [UInt8] = []

  /// Takes what is there; false at the end.
  mutating func read() -> Bool {
    var more = [UInt8](repeating: 0, count: 4096)
    let count = Glibc.read(0, &more, more.count)
    guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) }
    bytes += more.prefix(count)
    return true
  }

  mutating func next() -> String? {
    guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    defer { bytes.removeFirst(end + 1) }
    return String(decoding: bytes[..<end], as: UTF8.self)
  }

  /// The last line, if no line feed ended it.
  mutating func last() -> String? {
    guard !bytes.isEmpty else { return nil }
    defer { bytes = [] }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// One script, to its end and until nothing is outstanding.
struct ScriptRun {
  private let station: RegisterStation
  private let view = ScriptView()
  private let patience: Interval
  private var orders: OrderBook
  private var outstanding = Outstanding()
  private var input = InputLines()
  private var isAtEnd = false
  private var number = 0
  private var mistakes = 0
  /// The step that the script waits for.
  private var awaited: String?
  private var since = monotonicNow()

  init(_ station: RegisterStation, _ orders: OrderBook, patience: Int) {
    self.station = station
    self.orders = orders
    self.patience = .seconds(Int64(patience))
  }

  /// The exit status.
  mutating func run() throws -> Int32 {
    while true {
      if let step = awaited, let latest = orders.latest,
        outstanding.isAt(step, latest.reference.text)
      {
        awaited = nil
        since = monotonicNow()
      }
      takeLines()
      if isAtEnd, !isHeld, outstanding.isEmpty { return status }
      if isHeld || isAtEnd, monotonicNow() - since > patience {
        view.show(Mistake("time ran out"), line: number)
        return 2
      }
      try turn()
    }
  }

  /// Whether the next line has to wait: for a step, or because a second request for a code would
  /// replace the first.
  private var isHeld: Bool { awaited != nil || outstanding.awaitsCode }

  private var status: Int32 {
    if outstanding.isAlarmed || station.counts.sessions.forged > 0 { return 3 }
    if mistakes > 0 { return 2 }
    return outstanding.isUnpaid ? 1 : 0
  }

  private mutating func turn() throws {
    let wantsInput = !isAtEnd && !isHeld
    var came: [Came] = []
    let isReady = try station.turn(wantsInput ? 0 : nil) { came.append($0) }
    for one in came {
      view.show(one)
      outstanding.note(one)
      since = monotonicNow()
    }
    if isReady, !input.read() {
      isAtEnd = true
      since = monotonicNow()
    }
  }

  private mutating func takeLines() {
    while !isHeld, let text = input.next() ?? (isAtEnd ? input.last() : nil) {
      number += 1
      do throws(Mistake) {
        guard let order = try orders.read(text) else { continue }
        switch order {
        case .wait(let step): awaited = orders.latest == nil ? nil : step
        case .quit: isAtEnd = true
        case .pay(let request):
          view.show(asked: request)
          take(order)
        default: take(order)
        }
        since = monotonicNow()
      } catch {
        mistakes += 1
        view.show(error, line: number)
      }
    }
  }

  private mutating func take(_ order: Order) {
    outstanding.note(order)
    station.carryOut(order)
  }
}
