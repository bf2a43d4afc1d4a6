// The sample recordings of Tests/captures, each in another format, as docs/TESTING.md shows them.

import Captures
import Foundation
import Magstripe
import Testing

/// A sample by its name.
func sample(_ name: String) throws -> [UInt8] {
  let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  return [UInt8](try Data(contentsOf: folder.appending(path: "captures/\(name)")))
}

/// What is found in `bytes`, with data.
func report(
  _ bytes: [UInt8], _ options: CaptureOptions = CaptureOptions(), showsData: Bool = true
) throws -> CaptureReport {
  let capture = try Capture(bytes, options)
  return CaptureReport(capture, CaptureReading(capture), showsData: showsData)
}

let track2 = ";4111111111111111=30121010000000000?"
let track1 = "%B4111111111111111^CARDHOLDER/TEST^30121010000000000?"

@Suite("Capture files")
struct CaptureFileTests {
  @Test(
    "of each format are recognised and read",
    arguments: [
      ("library-card-1.bits", .bits, [";0004048712?"]),
      ("library-card-2.bits", .bits, [";0100231132?"]),
      ("track2.times", .times, [track2]),
      ("analyser-f2f.csv", .columns, [track2]),
      ("analyser-clock-data.csv", .columns, [track2]),
      ("two-tracks.stream", .stream, [track1, track2]),
    ] as [(String, CaptureFormat, [String])])
  func samples(name: String, format: CaptureFormat, texts: [String]) throws {
    let report = try report(sample(name))
    #expect(report.format == format)
    #expect(report.hasGoodTrack)
    #expect(report.swipes.count == 1)
    let tracks = try #require(report.swipes.first).tracks
    #expect(tracks.map(\.characters) == texts)
    #expect(tracks.allSatisfy { $0.isGood && $0.checkFound == $0.checkExpected })
    #expect(tracks.allSatisfy { $0.hasEndSentinel })
  }

  @Test("may name lines as the caller explains")
  func namedLines() throws {
    var options = CaptureOptions()
    options.lines = [
      "24": CaptureLine(.flux, track: 1), "27": CaptureLine(.flux, track: 2),
    ]
    let bytes = try sample("gpiomon.csv")
    let found = try report(bytes, options)
    #expect(found.swipes.first?.tracks.map(\.characters) == [track1, track2])
    #expect(throws: CaptureError.self) { try Capture(bytes) }
  }

  @Test("show speed, direction and where the track lies")
  func numbers() throws {
    let track = try #require(try report(sample("track2.times")).swipes.first?.tracks.first)
    #expect(track.direction == "backward")
    let (start, end) = (try #require(track.speedAtStart), try #require(track.speedAtEnd))
    #expect(abs(start - 20) < 1 && abs(end - 24) < 1)
    #expect(track.characterCount == 36)
    // 22 zeros, 36 characters and the check, 30 zeros; the start sentinel comes last but zeros.
    #expect(track.bits == 22 + 37 * 5 + 30)
    #expect(track.startSentinelAtBit == 30 + 37 * 5 - 1)
  }

  @Test("that cannot be read are explained")
  func scratched() throws {
    let report = try report(sample("scratched.times"))
    #expect(!report.hasGoodTrack)
    let track = try #require(report.swipes.first?.tracks.first)
    #expect(track.verdict.hasPrefix("unreadable: "))
    #expect(track.advice != nil)
    #expect(track.characterCount > 0 && track.characterCount < 36)
    #expect(track2.hasPrefix(track.characters))
  }

  @Test("are masked unless data are asked for")
  func masking() throws {
    let whole = try report(sample("track2.times"), showsData: false)
    #expect(
      whole.swipes.first?.tracks.first?.characters == ";411111******1111=*****************?")
    for name in ["two-tracks.stream", "scratched.times", "library-card-1.bits", "track2.times"] {
      let report = try report(sample(name), showsData: false)
      let json = String(decoding: try JSONEncoder().encode(report), as: UTF8.self)
      for shown in [report.text, json] {
        #expect(!shown.contains("4111111111111111") && !shown.contains("CARDHOLDER"))
        #expect(!shown.contains("3012101") && !shown.contains("0004048712"), "\(name)")
      }
      #expect(report.swipes.allSatisfy { $0.tracks.allSatisfy { $0.rawBits == nil } })
    }
  }

  @Test("say it in text")
  func text() throws {
    let text = try report(sample("track2.times"), showsData: false).text
    for part in [
      "format: times, F2F head", "swipe 1 of 1", "track 2: good, swiped backwards",
      "direction   backward", "end at character 35", "in/s at the start",
      "36: ;411111******1111=*****************?", "check       expected ",
    ] {
      #expect(text.contains(part), "\(part) in:\n\(text)")
    }
  }

  @Test("with several swipes are told apart by silence")
  func swipes() throws {
    let lines = String(decoding: try sample("track2.times"), as: UTF8.self)
      .split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { Double($0) }
    let stray = [900_000.0, 900_400, 900_900]
    let twice = lines + stray + lines.map { $0 + 2_000_000 }
    let text = "# unit: us\n" + twice.map { "\($0)" }.joined(separator: "\n")
    let report = try report([UInt8](text.utf8))
    #expect(report.swipes.count == 2)
    #expect(report.strayEdges == 3)
    // No track was named: it is found out.
    #expect(report.swipes.flatMap { $0.tracks.map(\.characters) } == [track2, track2])
  }

  @Test("whose DATA is low at the start are read")
  func lowAtStart() throws {
    let rows = String(decoding: try sample("analyser-clock-data.csv"), as: UTF8.self)
      .split(separator: "\n").map(String.init)
    // Begins in the middle of the zeros, with a level that has not come back to idle.
    var edited = rows
    edited[2] = "0.0,1,0,1"
    edited.insert("10.0,1,1,1", at: 3)
    let report = try report([UInt8](edited.joined(separator: "\n").utf8))
    #expect(report.hasGoodTrack)
  }

  @Test("with lost records say so")
  func gap() throws {
    var bytes = try sample("two-tracks.stream")
    bytes.removeSubrange(16 * 500..<16 * 501)
    let report = try report(bytes)
    #expect(!report.hasGoodTrack)
    #expect(report.swipes.first?.tracks.first?.verdict.contains("lost edges") == true)
  }
}
