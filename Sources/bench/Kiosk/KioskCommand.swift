// `bench kiosk`: the main job, seen. Swipes test cards through the real firmware, shows each record
// as the register got it, proves with the acquirer's test key what is inside, and fails if anything
// is off.

import ArgumentParser
import Foundation
import Link
import Magstripe
import Octets
import Register
import Simulator

struct KioskCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kiosk", abstract: "A virtual kiosk: the real firmware, virtual cards, a register."
  )

  @Option(help: "The firmware's program.")
  var firmware = ".build-fw/x86_64/tillgate"
  @Option(help: "A program that runs the firmware, such as qemu-aarch64-static.")
  var emulator: String?
  @Option(help: "Milliseconds, below 1000, by which edges are handed over ahead of their time.")
  var lead = 100
  @Flag(help: "Swipe cards yourself, by pressing keys.")
  var interactive = false
  @Flag(help: "Also show what the firmware says.")
  var verbose = false

  private var command: [String] {
    let program = URL(fileURLWithPath: firmware).path
    return emulator.map { ["/usr/bin/env", $0, program] } ?? [program]
  }

  func run() throws {
    raiseOwnPriority(45)
    if interactive { return try InteractiveKiosk(command).run() }
    let scenes = Scene.show()
    var show = Show()
    for keys in [TestKeySet.tdes, .aes] {
      let kiosk = try VirtualKiosk(
        command, keys: keys, lead: .milliseconds(Int64(min(max(lead, 0), 950))),
        pairsByCode: true)
      print("paired by the code \(kiosk.code ?? "-") that `tillgate pair` showed")
      for scene in scenes where scene.keys.name == keys.name {
        try show.play(scene, at: kiosk)
      }
      if keys.name == TestKeySet.tdes.name {
        for tap in TapScene.show() { try show.play(tap, at: kiosk) }
        for scan in ScanScene.show() { try show.play(scan, at: kiosk) }
      }
      try show.end(kiosk, verbose: verbose)
    }
    try show.verdict()
  }
}

/// Plays scenes and keeps count.
struct Show {
  private var number = 0
  private var mistakes: [String] = []
  private var latencies: [Double] = []
  private var ksns: Set<[UInt8]> = []

  /// Names the next scene and its payment.
  mutating func begin(_ title: String) -> String {
    number += 1
    print("\(number). \(title)")
    return "DEMO-\(number)"
  }

  /// Swipes once; again, at most twice, when the machine held the bench itself up so long that it
  /// fed edges after their time, as no head would.
  mutating func play(_ scene: Scene, at kiosk: VirtualKiosk, again: Int = 2) throws {
    number += 1
    let amount = UInt64(250 + 317 * number)
    let reference = "DEMO-\(number)"
    print("\(number). \(scene.card.name), \(scene.title)")
    try kiosk.arm(.demo(reference, amount: amount))
    let start = kiosk.register.heard.count
    let edges = scene.card.edges(scene.conditions, seed: UInt64(number))
    let lastEdge = try kiosk.feed.play(edges)
    let heard = kiosk.register.wait(from: start) { $0.endsSwipe }
    guard let heard else { return fail("nothing came of it; firmware: \(kiosk.program.said)") }
    if !heard.sealed.isEmpty {
      latencies.append(Double((heard.at - lastEdge).nanoseconds) / 1e6)
    }
    switch (scene.isReadable, heard.event) {
    case (true, .record): try check(heard, scene, amount, reference, at: kiosk)
    case (false, .event(let event)):
      print("   register: card not readable (reason \(hexadecimal([event.reason.rawValue])))")
      try abandon(reference, at: kiosk)
    case _ where kiosk.feed.lag > .milliseconds(0) && again > 0:
      print("   (the machine held the bench up; swiped again)")
      try abandon(reference, at: kiosk)
      try play(scene, at: kiosk, again: again - 1)
    default:
      fail(
        "expected \(scene.isReadable ? "a record" : "no reading"); firmware:\n\(kiosk.program.said)"
      )
      try abandon(reference, at: kiosk)
    }
  }

  private mutating func check(
    _ heard: Heard, _ scene: Scene, _ amount: UInt64, _ reference: String, at kiosk: VirtualKiosk
  ) throws {
    let record = try kiosk.open(heard.sealed)
    let clock = record.time.formatted(.iso8601)
    print(
      """
         register: \(record.reference)  \(money(record.amount.minorUnits)) EUR  swipe  \(clock)  \
      \(record.maskedPAN)  KSN \(hexadecimal(record.ksn))
         acquirer: \(record.track2)
      """)
    compare(record.track1, scene.card.track1, scene)
    compare(record.track2, scene.card.track2, scene)
    compare(record.track3, scene.card.track3, scene)
    if record.amount.minorUnits != amount { fail("another amount") }
    if record.reference != reference { fail("another reference") }
    if record.isBackward != (scene.conditions.direction == .backward) { fail("wrong direction") }
    if abs(record.time.timeIntervalSinceNow) > 60 { fail("wrong time") }
    if !record.maskedPAN.contains("*") { fail("the card number is not masked") }
    note(ksn: record.ksn)
  }

  mutating func note(ksn: [UInt8]) {
    if !ksns.insert(ksn).inserted { fail("a key was used twice") }
  }

  /// A track is what was on the card; only a scratched one may be missing.
  private mutating func compare(_ found: String, _ track: String, _ scene: Scene) {
    if found == track.dropFirst().dropLast() { return }
    if found.isEmpty, scene.conditions.scratch > 0 { return print("   (one track lost)") }
    fail("a track is \(found)")
  }

  /// The register gives up on a card that cannot be read.
  mutating func abandon(_ reference: String, at kiosk: VirtualKiosk) throws {
    let start = kiosk.register.heard.count
    kiosk.register.ask(.abort(.init(reference)))
    let ended = kiosk.register.wait(from: start) {
      if case .event(let event) = $0.event { event.kind == .aborted } else { false }
    }
    if ended == nil { fail("the payment was not abandoned") }
  }

  mutating func end(_ kiosk: VirtualKiosk, verbose: Bool) throws {
    let status = kiosk.close()
    if status != 0 { fail("the firmware ended with \(status): \(kiosk.program.said)") }
    let said = kiosk.program.said
    for card in TestCard.all {
      let pan = card.track2.dropFirst().prefix { $0 != "=" }
      if said.contains(pan) { fail("a card number is in the firmware's log") }
    }
    for scheme in PaymentCard.Scheme.allCases where said.contains("\(PaymentCard(scheme).number)") {
      fail("a card number is in the firmware's log")
    }
    for code in ScanScene.codes where said.contains(code) {
      fail("a payment code is in the firmware's log")
    }
    if verbose { print(said) }
    for line in said.split(separator: "\n") where line.hasPrefix("release-latency") {
      print("   \(line)")
    }
  }

  mutating func fail(_ words: String) {
    print("   WRONG: \(words)")
    mistakes.append("\(number): \(words)")
  }

  func verdict() throws {
    let sorted = latencies.sorted()
    print("last edge to register, first byte read, in ms (slot: 10 to 11, then the line):")
    print(
      "   best \(milliseconds(sorted.first)), median \(milliseconds(sorted[sorted.count / 2])), "
        + "worst \(milliseconds(sorted.last)) of \(sorted.count) records")
    guard mistakes.isEmpty else {
      throw KioskFailure("\(mistakes.count) things were wrong")
    }
    print("everything as it should be")
  }
}

func milliseconds(_ value: Double?) -> String { value.map { String(format: "%.2f", $0) } ?? "-" }

func money(_ minorUnits: UInt64) -> String {
  String(format: "%llu.%02llu", minorUnits / 100, minorUnits % 100)
}

extension Heard {
  /// Whether this tells how a swipe ended.
  var endsSwipe: Bool {
    switch event {
    case .record: true
    case .event(let event): event.kind == .cardNotReadable || event.kind == .timedOut
    default: false
    }
  }
}

extension Reference {
  /// A reference from text of 1 to 32 printable ASCII characters.
  init(_ text: String) {
    guard let reference = Reference(Array(text.utf8).span) else {
      preconditionFailure("the bench's own references")
    }
    self = reference
  }
}

extension PaymentRequest {
  static func demo(
    _ reference: String, amount: UInt64, methods: Methods = .magneticStripe
  ) -> PaymentRequest {
    PaymentRequest(
      reference: Reference(reference), amount: amount, currency: 978, exponent: 2,
      timeoutSeconds: 60, methods: methods)
  }
}
