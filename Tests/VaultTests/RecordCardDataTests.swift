import Octets
import Testing
import Vault

@Suite("Card data")
struct RecordCardDataTests {
  private func encode(_ tracks: [String]) throws -> [UInt8] {
    let (track1, track2, track3) = (
      Array(tracks[0].utf8), Array(tracks[1].utf8), Array(tracks[2].utf8)
    )
    var plaintext = Bytes<239>()
    try CardData.encode(
      track1: track1.span, track2: track2.span, track3: track3.span, into: &plaintext)
    return RecordSample.content(plaintext)
  }

  private func decode(_ bytes: [UInt8]) throws(CardDataError) -> [String] {
    let data = try CardData(decoding: bytes.span)
    return [
      String(decoding: RecordSample.content(data.track1), as: UTF8.self),
      String(decoding: RecordSample.content(data.track2), as: UTF8.self),
      String(decoding: RecordSample.content(data.track3), as: UTF8.self),
    ]
  }

  static let largest = [
    String(repeating: "_", count: 79), String(repeating: "?", count: 40),
    String(repeating: "0", count: 107),
  ]

  @Test("is encoded as the page shows")
  func published() throws {
    #expect(try encode(RecordSample.tracks) == RecordSample.published("card-data"))
  }

  @Test("comes back with its tracks")
  func roundTrip() throws {
    for tracks in [
      RecordSample.tracks, Self.largest, ["A", "", ""], ["", "=", ""], ["", "", "1"],
    ] {
      #expect(try decode(try encode(tracks)) == tracks)
    }
    #expect(try encode(Self.largest).count == 236)
  }

  @Test(
    "refuses tracks that no card has",
    arguments: [
      (["", "", ""], CardDataError.noTrack),
      ([String(repeating: "A", count: 80), "", ""], .tooLong),
      (["", String(repeating: "1", count: 41), ""], .tooLong),
      (["", "", String(repeating: "1", count: 108)], .tooLong),
      (["a", "", ""], .foreignCharacter), (["\u{1f}", "", ""], .foreignCharacter),
      (["", "@", ""], .foreignCharacter), (["", "", "/"], .foreignCharacter),
    ])
  func refused(tracks: [String], error: CardDataError) {
    #expect(throws: error) { try encode(tracks) }
  }

  @Test("leaves nothing behind after an error")
  func wiped() {
    let (good, bad) = (Array("4111".utf8), Array("@".utf8))
    var plaintext = Bytes<239>()
    RecordSample.write(&plaintext, "what was there before")
    #expect(throws: CardDataError.foreignCharacter) {
      try CardData.encode(
        track1: good.span, track2: good.span, track3: bad.span, into: &plaintext)
    }
    #expect(plaintext.count == 0)
    plaintext.appendFilling { free in free.count }
    #expect(RecordSample.content(plaintext) == [UInt8](repeating: 0, count: 239))
  }

  @Test(
    "takes nothing but its encoding",
    arguments: [
      ("", CardDataError.malformed(.truncated)), ("a0", .noTrack), ("a10140", .noTrack),
      ("a1014141 00", .malformed(.trailingBytes)), ("a1014141 80", .malformed(.trailingBytes)),
      ("a1014161", .foreignCharacter), ("a2014141014141", .malformed(.keyOrder)),
      ("a1016141", .malformed(.unexpectedType)), ("a1580141", .malformed(.unexpectedType)),
      ("a101580141", .malformed(.notShortest)), ("a10142 41", .malformed(.truncated)),
      ("bf014141ff", .malformed(.unexpectedType)), ("a10440", .noTrack), ("a10840", .noTrack),
      ("a2014141 044157", .mixed), ("a2014141 0840", .mixed), ("a2044157 084131", .mixed),
      ("a2084131 094185", .mixed), ("a20440 084131", .mixed),
    ])
  func notCardData(hex: String, error: CardDataError) {
    #expect(throws: error) { try decode(RecordSample.octets(hex)) }
  }

  @Test("passes over keys that were added later")
  func unknownKeys() throws {
    #expect(try decode(RecordSample.octets("a2 02 4131 0a 420102")) == ["", "1", ""])
  }
}
