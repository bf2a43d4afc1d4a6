// `make run ARGS=--interactive`: one key, one swipe, until `q`.

import Foundation
import Glibc
import Octets
import Register
import Simulator

struct InteractiveKiosk {
  private let kiosk: VirtualKiosk
  private let help = """
    1 Visa   2 Mastercard   3 Amex   - swipes at 20 in/s, or with a key before it:
    b backwards   f fast   s slow   w worn   x scratched        h help   q quit
    """

  init(_ command: [String]) throws { kiosk = try VirtualKiosk(command) }

  func run() throws {
    defer { kiosk.close() }
    print(help)
    try withRawKeys {
      var conditions = SwipeConditions()
      var seed: UInt64 = 0
      while let key = readKey(), key != "q" {
        switch key {
        case "1", "2", "3":
          seed += 1
          let card = TestCard.all[Int(String(key))! - 1]
          try swipe(card, conditions, seed: seed)
          conditions = SwipeConditions()
        case "b": conditions.direction = .backward
        case "f": conditions.inchesPerSecond = 60
        case "s": conditions.inchesPerSecond = 4
        case "w": conditions.jitter = 0.12
        case "x": conditions.scratch = 30
        default: print(help)
        }
      }
    }
  }

  private func swipe(_ card: TestCard, _ conditions: SwipeConditions, seed: UInt64) throws {
    let reference = "SALE-\(seed)"
    try kiosk.arm(.demo(reference, amount: 100 * seed))
    let start = kiosk.register.heard.count
    let lastEdge = try kiosk.feed.play(card.edges(conditions, seed: seed))
    guard let heard = kiosk.register.wait(from: start, { $0.endsSwipe }) else {
      return print("nothing came of it")
    }
    if heard.sealed.isEmpty {
      print("\(reference): card not readable")
      kiosk.register.ask(.abort(.init(reference)))
      _ = kiosk.register.wait(from: start) {
        if case .event(let event) = $0.event { event.isFinal } else { false }
      }
      return
    }
    let record = try kiosk.open(heard.sealed)
    let latency = milliseconds(Double((heard.at - lastEdge).nanoseconds) / 1e6)
    print(
      "\(reference): \(money(record.amount.minorUnits)) EUR, \(record.maskedPAN), "
        + "KSN \(hexadecimal(record.ksn)), \(latency) ms after the last edge")
  }

  private func readKey() -> Character? {
    var byte: UInt8 = 0
    return Glibc.read(0, &byte, 1) == 1 ? Character(Unicode.Scalar(byte)) : nil
  }

  /// Keys one by one while `body` runs, when this is a terminal.
  private func withRawKeys(_ body: () throws -> Void) rethrows {
    var before = termios()
    guard tcgetattr(0, &before) == 0 else { return try body() }
    var raw = before
    raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
    tcsetattr(0, TCSANOW, &raw)
    defer { tcsetattr(0, TCSANOW, &before) }
    try body()
  }
}
