// `bench sandbox`: shows that the real program stands inside its walls, every thread of it, and
// that what it must still do there works: batch after batch of keys, and a cable that was pulled.

import ArgumentParser
import Foundation
import Simulator

struct SandboxCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sandbox", abstract: "The running firmware's seccomp filter and what works in it.")

  @Option(help: "The firmware's program.")
  var firmware = ".build-fw/x86_64/tillgate"
  @Option(help: "How many cards to swipe: a batch of keys is for 32.")
  var swipes = 40

  func run() throws {
    let kiosk = try VirtualKiosk([URL(fileURLWithPath: firmware).path])
    defer { kiosk.close() }
    try showThreads(of: kiosk.program.identifier)
    try punctually {
      for number in 1...swipes { try swipe(number, at: kiosk) }
      print("\(swipes) payments, more than a batch of keys is for")
      try kiosk.replug()
      try swipe(swipes + 1, at: kiosk)
    }
    print("the register's cable pulled and plugged in again, and one payment more")
    try kiosk.end()
  }

  /// Every thread has the filter, and no way to new privileges; nothing writes a core file.
  private func showThreads(of process: Int32) throws {
    let folder = "/proc/\(process)/task"
    for thread in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
      let status = try Self.fields("\(folder)/\(thread)/status")
      let name = status["Name"] ?? "?"
      let filter = status["Seccomp"] ?? "0"
      let ban = status["NoNewPrivs"] ?? "0"
      print("thread \(name): Seccomp \(filter), NoNewPrivs \(ban)")
      guard filter == "2", ban == "1" else { throw KioskFailure("\(name) is outside the walls") }
    }
    let limits = try String(contentsOfFile: "/proc/\(process)/limits", encoding: .utf8)
    let core = limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") } ?? ""
    guard core.split(separator: " ").contains("0") else {
      throw KioskFailure("a core file may be written: \(core)")
    }
  }

  private static func fields(_ path: String) throws -> [String: String] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let pairs = text.split(separator: "\n").compactMap { line -> (String, String)? in
      let words = line.split(separator: ":\t", maxSplits: 1)
      return words.count == 2 ? (String(words[0]), String(words[1])) : nil
    }
    return Dictionary(pairs) { first, _ in first }
  }

  private func swipe(_ number: Int, at kiosk: VirtualKiosk) throws {
    try kiosk.arm(.demo("WALL-\(number)", amount: UInt64(number)))
    var conditions = SwipeConditions()
    conditions.inchesPerSecond = 60
    let start = kiosk.register.heard.count
    let card = TestCard.all[number % 3]
    _ = try kiosk.feed.play(card.edges(conditions, seed: UInt64(number)))
    let heard = kiosk.register.wait(from: start) { $0.endsSwipe }
    guard let heard, !heard.sealed.isEmpty else {
      throw KioskFailure("no record of swipe \(number): \(kiosk.program.said)")
    }
    _ = try kiosk.open(heard.sealed)
  }
}
