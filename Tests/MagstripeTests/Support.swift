// Words the suites of this target share.

import Magstripe
import Octets
import Simulator

extension Bytes {
  var string: String {
    withBytes { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) }
  }
}

/// The text of a track as a buffer.
func trackText(_ string: String) -> TrackText {
  var text = TrackText()
  for byte in string.utf8 { try! text.append(byte) }
  return text
}

/// A card with these tracks; an empty string is a blank track.
func testCard(_ one: String, _ two: String, _ three: String = "") -> StripeTracks {
  var card = StripeTracks()
  card.one = trackText(one)
  card.two = trackText(two)
  card.three = trackText(three)
  return card
}

let track1 = "%B4111111111111111^CARDHOLDER/TEST^30121010000000000000?"
let track2 = ";4111111111111111=30121010000000000?"
let track3 = ";014111111111111111==280280000000?"

/// Everything a decoded swipe says.
struct Swiped {
  var report: StripeReport
  var texts: [String]
}

extension StripeHead {
  mutating func swipe(
    _ card: borrowing StripeTracks, _ conditions: SwipeConditions, seed: UInt64 = 1
  ) -> Swiped {
    var swipe = StripeSwipe(
      card, conditions, seed: seed, start: Instant(nanoseconds: 1_000_000_000))
    while let edge = swipe.next() { record(edge) }
    return decoded()
  }

  mutating func decoded() -> Swiped {
    var tracks = StripeTracks()
    let report = decode(into: &tracks)
    return Swiped(
      report: report, texts: [tracks.one.string, tracks.two.string, tracks.three.string])
  }
}

/// The edges of a swipe of `card`.
func edges(
  of card: borrowing StripeTracks, _ conditions: SwipeConditions, seed: UInt64 = 1
) -> [StripeEdge] {
  var swipe = StripeSwipe(card, conditions, seed: seed, start: Instant(nanoseconds: 1_000_000_000))
  var edges: [StripeEdge] = []
  while let edge = swipe.next() { edges.append(edge) }
  return edges
}
