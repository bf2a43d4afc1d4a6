// Test cards and ways to swipe them.

import Foundation
import Magstripe
import Octets
import Simulator

/// A published test card's tracks, sentinels included.
struct TestCard {
  var name: String
  var track1: String
  var track2: String
  var track3 = ""

  static let visa = TestCard(
    name: "Visa", track1: "%B4111111111111111^TEST/VISA^2812201000000000123?",
    track2: ";4111111111111111=28122010000000123?")
  static let mastercard = TestCard(
    name: "Mastercard", track1: "%B5555555555554444^TEST/MASTERCARD^2911201000000000456?",
    track2: ";5555555555554444=29112010000000456?", track3: ";015555555555554444=0123456789?")
  static let amex = TestCard(
    name: "Amex", track1: "%B378282246310005^TEST/AMEX^2710201000000000789?",
    track2: ";378282246310005=27102010000000789?")

  static let all = [visa, mastercard, amex]

  func tracks() -> StripeTracks {
    var tracks = StripeTracks()
    for byte in track1.utf8 { try? tracks.one.append(byte) }
    for byte in track2.utf8 { try? tracks.two.append(byte) }
    for byte in track3.utf8 { try? tracks.three.append(byte) }
    return tracks
  }

  /// The edges of one swipe for the virtual board's head.
  func edges(_ conditions: SwipeConditions, seed: UInt64) -> [EdgeFeed.Edge] {
    var swipe = StripeSwipe(
      tracks(), conditions, seed: seed, start: Instant(nanoseconds: 0))
    var edges: [EdgeFeed.Edge] = []
    while let edge = swipe.next() {
      guard edge.signal == .flux else { continue }
      edges.append(
        EdgeFeed.Edge(
          offset: edge.at.nanoseconds, line: edge.track - 1, level: UInt8(edges.count & 1)))
    }
    return edges
  }
}

/// One swipe of the show, and what must come of it.
struct Scene {
  var title: String
  var card: TestCard
  var conditions = SwipeConditions()
  /// Whether a record must come; otherwise the head must say that it could not read the card.
  var isReadable = true
  var keys: TestKeySet

  static func show() -> [Scene] {
    var scenes = [Scene(title: "good swipe", card: .visa, keys: .tdes)]
    func add(
      _ title: String, _ card: TestCard, readable: Bool = true, keys: TestKeySet = .tdes,
      _ change: (inout SwipeConditions) -> Void
    ) {
      var scene = Scene(title: title, card: card, isReadable: readable, keys: keys)
      change(&scene.conditions)
      scenes.append(scene)
    }
    add("backwards", .mastercard) { $0.direction = .backward }
    add("fast, 60 in/s", .amex) { $0.inchesPerSecond = 60 }
    add("slow, 4 in/s, speeding up", .visa) {
      $0.inchesPerSecond = 4
      $0.speedRatio = 2
    }
    add("worn: 12 % jitter", .mastercard) { $0.jitter = 0.12 }
    add("scratched: what is left is delivered", .visa) { $0.scratch = 30 }
    add("half the edges gone", .amex, readable: false) { $0.loss = 0.5 }
    add("swiped again, good", .amex) { _ in }
    add("under AES-128 keys", .mastercard, keys: .aes) { $0.inchesPerSecond = 30 }
    return scenes
  }
}
