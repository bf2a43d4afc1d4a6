import Octets
import Testing

@testable import WalletCode

@Suite("A scanner's bytes")
struct ScannerLinesTests {
  /// What comes out of `reads`, each at its time in milliseconds, in one call for each read.
  private func lines(_ reads: [(Int64, String)]) -> (lines: [String], counts: ScannerCounts) {
    var scanner = ScannerLines()
    var found: [String] = []
    for (time, read) in reads {
      let bytes = Array(read.unicodeScalars.map { UInt8($0.value) })
      var offset = 0
      while scanner.receive(bytes.span, from: &offset, now: at(time)) {
        found.append(scanner.withLine { text($0) })
      }
    }
    return (found, scanner.counts)
  }

  @Test(
    "are cut at CR, LF or both, whole and a byte at a time",
    arguments: [
      ("281012020462572000\r", ["281012020462572000"]),
      ("281012020462572000\n", ["281012020462572000"]),
      ("281012020462572000\r\n", ["281012020462572000"]),
      ("\r\n\r\n281012020462572000\r\n\n", ["281012020462572000"]),
      ("first\rsecond\nthird\r\n", ["first", "second", "third"]),
      ("]Q1134567890123456789\r", ["]Q1134567890123456789"]),
      ("no end", []),
      ("", []),
    ])
  func cut(stream: String, expected: [String]) {
    #expect(lines([(0, stream)]).lines == expected)
    #expect(lines(stream.map { (0, String($0)) }).lines == expected)
  }

  @Test("may come split over reads, as long as the line goes on within a second")
  func split() {
    let (found, counts) = lines([(0, "1345"), (40, ""), (900, "678901234"), (1_800, "56789\r")])
    #expect(found == ["134567890123456789"])
    #expect(counts.cutShort == 0)
  }

  @Test("of a line that never ended do not begin the next")
  func cutShort() {
    let (found, counts) = lines([(0, "13456789"), (1_001, "134567890123456789\r")])
    #expect(found == ["134567890123456789"])
    #expect(counts.cutShort == 1)
    #expect(counts.lines == 1)
  }

  @Test(
    "that no code has spoil their line and no other",
    arguments: ["\u{0}1345\r", "13\u{7}45\r", "1345\u{FF}\r", "13\t45\r"])
  func foreign(line: String) {
    let (found, counts) = lines([(0, line + "1346\r")])
    #expect(found == ["1346"])
    #expect(counts.foreign == 1)
  }

  @Test("of noise alone are forgotten after a second")
  func noise() {
    #expect(lines([(0, "\u{0}\u{FF}"), (1_001, "1346\r")]).lines == ["1346"])
    #expect(lines([(0, "\u{0}\u{FF}"), (999, "1346\r"), (1_000, "1347\r")]).lines == ["1347"])
  }

  @Test("are a line up to its limit and none beyond it")
  func limit() {
    let longest = String(repeating: "7", count: ScannerLines.limit)
    #expect(lines([(0, longest + "\r")]).lines == [longest])
    let (found, counts) = lines([(0, longest + "7\r1346\r")])
    #expect(found == ["1346"])
    #expect(counts.oversize == 1)
  }

  @Test("are wiped once the line was dealt with")
  func wiped() {
    var scanner = ScannerLines()
    var offset = 0
    let bytes = Array("1346\r".utf8)
    let isLine = scanner.receive(bytes.span, from: &offset, now: at(0))
    #expect(isLine)
    scanner.wipe()
    #expect(scanner.withLine { $0.count } == 0)
  }

  @Test(
    "may begin with an AIM identifier",
    arguments: [
      ("]Q1134567890123456789", "Q", "134567890123456789"), ("]C0251", "C", "251"),
      ("]z3x", "z", "x"), ("]d2", "d", ""), ("134", nil, "134"), ("]", nil, "]"),
      ("]Q", nil, "]Q"), ("]1Q5", nil, "]1Q5"), ("]Q*5", nil, "]Q*5"), ("Q]15", nil, "Q]15"),
    ])
  func identifier(line: String, symbology: Character?, code: String) {
    let bytes = Array(line.utf8)
    let scanned = ScannedText(bytes.span)
    #expect(scanned.symbology == symbology?.asciiValue)
    #expect(text(bytes.span.extracting(scanned.code)) == code)
  }
}
