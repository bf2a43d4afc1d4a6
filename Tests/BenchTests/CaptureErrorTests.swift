// Files that are no recordings: a clear error with its line, never a trap.

import Captures
import Magstripe
import Simulator
import Testing

@Suite("A file that is no capture")
struct CaptureErrorTests {
  @Test(
    "is refused with the place and the reason",
    arguments: [
      ("", .file, "empty"),
      ("# nothing\n\n", .file, "nothing but comments"),
      ("# unit: us\n1\n2\nthree\n", .line(4), "'three' is no time stamp"),
      ("# unit: parsec\n1\n2\n", .line(1), "none of ns, us, ms, s"),
      ("# track: 4\n1.5\n", .line(1), "none of 1, 2, 3"),
      ("5000000000\n1000000000\n", .line(2), "goes back"),
      ("# unit: s\n99999999999999\n", .line(2), "out of range"),
      ("1\n99999999999999999999\n", .line(2), "no time stamp"),
      ("time,flux2\n1,0\n2\n", .line(3), "1 columns where the header has 2"),
      ("time,flux2\n1,0\n2,x\n", .line(3), "'x' is no level"),
      ("time,flux2\n1,0\nx,1\n", .line(3), "'x' is no time"),
      ("clock,data\n1,0\n", .line(1), "no column is called 'time'"),
      ("time,Channel 0,Channel 1\n1,0,0\n", .line(1), "--lines"),
      ("time,line,level\n1,17,1\n", .line(2), "--lines 17=flux2"),
      ("time,flux1,strobe2\n1,0,0\n", .file, "flux and strobe"),
      ("time,data2\n1,0\n", .file, "no flux and no strobe"),
      ("12 bits 1,2,300\n", .line(1), "'300' is no byte"),
      ("12 bits 1\n", .line(1), "do not hold 12 bits"),
      ("0 bits 1\n", .line(1), "1 to 3072 bits"),
      ("hello world\n", .line(1), "no column is called 'time'"),
      ("\0\0\0", .record(1), "ends inside a record"),
    ] as [(String, CaptureError.Place, String)])
  func reasons(text: String, place: CaptureError.Place, reason: String) throws {
    let error = #expect(throws: CaptureError.self) { try Capture([UInt8](text.utf8)) }
    #expect(error?.place == place, "\(String(describing: error))")
    #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
  }

  @Test(
    "of records is refused with the record",
    arguments: [
      (12, 7, "there are 0 to 6"), (13, 2, "level 2"), (14, 1, "not 0"), (7, 0x7F, "range"),
    ] as [(Int, UInt8, String)])
  func records(offset: Int, value: UInt8, reason: String) {
    var bytes = [UInt8](repeating: 0, count: 32)
    bytes[16 + 8] = 1
    bytes[16 + offset] = value
    let error = #expect(throws: CaptureError.self) { try Capture(bytes) }
    #expect(error?.place == .record(2))
    #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
  }

  @Test("is refused when it is too large")
  func limits() {
    let large = [UInt8](repeating: 0x20, count: CaptureLimit.bytes + 1)
    #expect(throws: CaptureError.self) { try Capture(large) }
    let edges = (0...CaptureLimit.edges).map { "\($0)" }.joined(separator: "\n")
    let error = #expect(throws: CaptureError.self) { try Capture([UInt8](edges.utf8)) }
    #expect(error?.place == .line(CaptureLimit.edges + 1))
    let bits = [UInt8](repeating: 0x30, count: 3_073)
    #expect(throws: CaptureError.self) { try Capture(bits) }
  }

  @Test("may hold any bytes", arguments: 0..<40 as Range<UInt64>)
  func anyBytes(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    for _ in 0..<50 {
      let bytes = (0..<random.below(600)).map { _ in UInt8(random.below(256)) }
      survive(bytes, "seed \(seed)")
    }
  }

  @Test("may be a recording that was damaged", arguments: 0..<40 as Range<UInt64>)
  func damaged(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    for name in [
      "track2.times", "analyser-clock-data.csv", "two-tracks.stream", "library-card-1.bits",
    ] {
      var bytes = try sample(name)
      for _ in 0..<1 + random.below(4) {
        let place = random.below(bytes.count)
        switch random.below(3) {
        case 0: bytes[place] = UInt8(random.below(256))
        case 1: bytes.remove(at: place)
        default: bytes.insert(bytes[random.below(bytes.count)], at: place)
        }
      }
      survive(bytes, "seed \(seed) of \(name)")
    }
  }

  /// Reads `bytes` as every format: they are read or refused, and what is good is a whole track.
  private func survive(_ bytes: [UInt8], _ what: String) {
    for format in [nil] + CaptureFormat.allCases.map(Optional.some) {
      var options = CaptureOptions()
      options.format = format
      guard let report = try? report(bytes, options) else { continue }
      for track in report.swipes.flatMap(\.tracks) where track.isGood {
        #expect(track.hasEndSentinel && track.characterCount >= 6, "\(what)")
      }
    }
  }
}
