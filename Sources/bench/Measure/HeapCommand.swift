// `bench heap`: payments at a program under the preloaded counter of Tests/Mallocount, to prove
// that neither the loop nor the capture asks the C library for memory once they run. `Tests/heap`
// runs it.

import ArgumentParser
import Foundation
import Link
import Register
import Simulator

struct HeapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "heap", abstract: "Heap calls of each thread while cards are swiped.",
    shouldDisplay: false)

  @Option(help: "A dynamically linked tillgate.")
  var program: String
  @Option(help: "The counter of Tests/Mallocount, a shared library.")
  var preload: String
  @Option(help: "How many cards to swipe.")
  var swipes = 40

  /// Threads that must leave the heap alone.
  private static let quiet = ["loop", "capture"]

  func run() throws {
    // Where the program may write, counted from its own folder.
    let name = "state/heap-counts"
    let kiosk = try VirtualKiosk(
      [URL(fileURLWithPath: program).path],
      environment: [
        "LD_PRELOAD": URL(fileURLWithPath: preload).path, "MALLOCOUNT": name,
      ])
    defer { kiosk.close() }
    let report = kiosk.folder + "/" + name
    let starting = try counts(of: kiosk, report)
    guard starting.contains(where: { $0.calls > 0 }) else {
      throw KioskFailure("no thread used the heap at the start: nothing is counted")
    }
    kiosk.program.signal(SIGUSR1)
    Thread.sleep(forTimeInterval: 0.1)
    var show = HeapShow()
    try punctually { for number in 1...swipes { try show.swipe(number, at: kiosk) } }
    let running = try counts(of: kiosk, report)
    print("heap calls, \(show.records) records and \(show.unreadable) that gave none:")
    for thread in running {
      let before = starting.first { $0.identifier == thread.identifier }?.calls ?? 0
      print("   \(thread.name): \(before) until the session was up, then \(thread.calls)")
    }
    try judge(running, show)
  }

  private func judge(_ threads: [HeapCount], _ show: HeapShow) throws {
    guard show.records > 0, show.unreadable > 0 else {
      throw KioskFailure("not every way through the loop was taken")
    }
    for name in Self.quiet {
      let own = threads.filter { $0.name == name }
      guard own.count == 1 else { throw KioskFailure("\(own.count) threads are named \(name)") }
      guard own[0].calls == 0 else {
        throw KioskFailure("the thread \(name) made \(own[0].calls) heap calls")
      }
    }
    print("loop and capture leave the heap alone")
  }

  private func counts(of kiosk: VirtualKiosk, _ report: String) throws -> [HeapCount] {
    try? FileManager.default.removeItem(atPath: report)
    kiosk.program.signal(SIGUSR2)
    for _ in 0..<200 {
      if let text = try? String(contentsOfFile: report, encoding: .utf8) {
        return text.split(separator: "\n").compactMap { HeapCount($0) }
      }
      Thread.sleep(forTimeInterval: 0.01)
    }
    throw KioskFailure("no counts: is \(program) dynamically linked?\n\(kiosk.program.said)")
  }
}

/// One line of the counter's report: NAME TID malloc calloc realloc free BYTES.
private struct HeapCount {
  var name: String
  var identifier: String
  var calls: UInt64

  init?(_ line: Substring) {
    let words = line.split(separator: " ", omittingEmptySubsequences: false).suffix(6)
    let numbers = words.dropFirst().compactMap { UInt64($0) }
    guard words.count == 6, numbers.count == 5 else { return nil }
    identifier = String(words.first!)
    name = String(line.dropLast(words.joined(separator: " ").count + 1))
    calls = numbers.prefix(4).reduce(0, +)
  }
}

/// Swipes good cards, every fifth time one that cannot be read, and every fourth time scans a code.
private struct HeapShow {
  var records = 0
  var unreadable = 0

  mutating func swipe(_ number: Int, at kiosk: VirtualKiosk) throws {
    let reference = "HEAP-\(number)"
    let isScan = number % 4 == 0
    var request = PaymentRequest.demo(
      reference, amount: UInt64(number), methods: isScan ? .walletCode : .magneticStripe)
    request.language = LanguageCode(Array("fr".utf8).span)
    try kiosk.arm(request)
    let start = kiosk.register.heard.count
    if isScan {
      // Every second one is a code that contradicts nothing, but is none.
      kiosk.scan(number % 8 == 0 ? "13456789012345\(1_000 + number)\r" : "4006381333931\r")
    } else {
      _ = try kiosk.feed.play(edges(number, isBad: number % 5 == 0))
    }
    let heard = kiosk.register.wait(from: start) { $0.endsSwipe }
    guard let heard else {
      throw KioskFailure("nothing came of number \(number): \(kiosk.program.said)")
    }
    if !heard.sealed.isEmpty {
      records += 1
      return
    }
    unreadable += 1
    try abandon(reference, at: kiosk)
  }

  private func edges(_ number: Int, isBad: Bool) -> [EdgeFeed.Edge] {
    var conditions = SwipeConditions()
    conditions.inchesPerSecond = 60
    conditions.direction = number % 2 == 0 ? .backward : .forward
    conditions.loss = isBad ? 0.5 : 0
    return TestCard.all[number % 3].edges(conditions, seed: UInt64(number))
  }

  private func abandon(_ reference: String, at kiosk: VirtualKiosk) throws {
    let start = kiosk.register.heard.count
    kiosk.register.ask(.abort(.init(reference)))
    let ended = kiosk.register.wait(from: start) {
      if case .event(let event) = $0.event { event.isFinal } else { false }
    }
    if ended == nil { throw KioskFailure("\(reference) was not abandoned") }
  }
}
