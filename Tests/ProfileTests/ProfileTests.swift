// Board files as their authors write them: good ones, and every mistake with its words.

import Foundation
import Octets
import Testing

@testable import Profile

@Suite("A good board file")
struct GoodBoardFile {
  @Test("gives every value in its own field")
  func fields() {
    let mistakes = read(goodBoard) { profile in
      #expect(profile.name.withBytes(string) == "bench-1")
      #expect(profile.model.withBytes(string) == "Bench")
      #expect(profile.loop.tick == .microseconds(500))
      #expect(profile.loop.release == .milliseconds(12))
      #expect(profile.loop.priority == 30)
      #expect(profile.loop.capturePriority == 31)
      #expect(profile.loop.processor == 3)
      #expect(profile.chip.withBytes(string) == "pinctrl-test")
      #expect(profile.stripe.kind == .f2f)
      #expect(profile.stripe.source == .gpio)
      #expect(profile.stripe.flux[0] == .offset(4))
      #expect(profile.stripe.flux[1] == .offset(0))
      #expect(profile.stripe.flux[2] == nil)
      #expect(profile.stripe.cardPresent == nil)
      #expect(profile.stripe.silence == .milliseconds(7))
      #expect(profile.stripe.bias == .pullDown)
      #expect(profile.stripe.stream.withBytes(string) == "")
      #expect(profile.register.port.withBytes(string) == "/dev/ttyTEST")
      #expect(profile.register.port.withPointer { String(cString: $0) } == "/dev/ttyTEST")
      #expect(profile.register.baud == 921_600)
      #expect(profile.indicators.ready == .offset(10))
      #expect(profile.indicators.reading == nil)
      #expect(profile.indicators.error == .offset(1023))
      #expect(profile.indicators.tone == .offset(26))
      #expect(profile.indicators.isActiveLow)
      #expect(profile.storage.withBytes(string) == "/state")
      #expect(profile.masking.leadingDigits == 0)
      #expect(profile.masking.trailingDigits == 2)
    }
    #expect(mistakes == [])
  }

  @Test("leaves what it does not say at the table's defaults")
  func defaults() {
    let text = """
      [board]
      name = b
      model = B
      [stripe]
      kind = clock-data
      source = stream
      stream = edges
      [register]
      port = tty
      """
    let mistakes = read(text) { profile in
      #expect(profile.loop.tick == .microseconds(1000))
      #expect(profile.loop.release == .milliseconds(10))
      #expect(profile.loop.priority == 40)
      #expect(profile.loop.capturePriority == 50)
      #expect(profile.loop.processor == nil)
      #expect(profile.chip.withBytes(string) == "")
      #expect(profile.stripe.kind == .clockData)
      #expect(profile.stripe.source == .stream)
      #expect(profile.stripe.stream.withBytes(string) == "edges")
      #expect(profile.stripe.silence == .milliseconds(7))
      #expect(profile.stripe.bias == .asIs)
      #expect(profile.register.baud == 115_200)
      #expect(!profile.indicators.isActiveLow)
      #expect(profile.storage.withBytes(string) == "/var/lib/tillgate")
      #expect(profile.masking.leadingDigits == 6)
      #expect(profile.masking.trailingDigits == 4)
    }
    #expect(mistakes == [])
  }

  @Test("may name lines as the device tree does")
  func namedLines() {
    read(board("track1", "track1 = GPIO17")) { profile in
      guard case .named(let name) = profile.stripe.flux[0] else {
        Issue.record("\(String(describing: profile.stripe.flux[0]))")
        return
      }
      #expect(name.withBytes(string) == "GPIO17")
      #expect(name.withPointer { String(cString: $0) } == "GPIO17")
    }
  }

  @Test("wires a clock-data head track by track")
  func clockData() {
    let text = board("kind", "kind = clock-data")
      .replacing("track1 = 4", with: "track2.strobe = 22\ntrack2.data = 23")
      .replacing("track2 = 0", with: "card_present = 24")
    let mistakes = read(text) { profile in
      #expect(profile.stripe.strobe[1] == .offset(22))
      #expect(profile.stripe.data[1] == .offset(23))
      #expect(profile.stripe.cardPresent == .offset(24))
      #expect(profile.stripe.strobe[0] == nil)
    }
    #expect(mistakes == [])
  }

  @Test(
    "may be written with",
    arguments: [
      ("CR LF line ends", goodBoard.replacing("\n", with: "\r\n")),
      ("a byte order mark", "\u{FEFF}" + goodBoard),
      ("no line end at its end", goodBoard),
      ("empty lines and comments", "; a\n\n# b\n" + goodBoard + "\n;\n"),
      ("a comment after a value", goodBoard.replacing("= pinctrl-test", with: "= x ; c")),
      ("a comment after a section", goodBoard.replacing("[loop]", with: "[loop] ; c")),
      ("indented keys", goodBoard.replacing("\n", with: "\n \t")),
      ("no blanks", goodBoard.replacing(" = ", with: "=")),
      ("colons", goodBoard.replacing(" = ", with: ": ")),
      ("a model in any script", board("model", "model = Kasse № 7 «Ж»")),
    ])
  func writing(_ what: String, _ text: String) {
    #expect(read(text) == [], "\(what)")
  }

  @Test("at each limit of its values")
  func limits() {
    let path = String(repeating: "p", count: 107)
    #expect(read(board("port", "port = \(path)")) == [])
    #expect(read(board("port", "port = \(path)p")) != [])
    #expect(read(board("name", "name = \(String(repeating: "n", count: 32))")) == [])
    #expect(read(board("name", "name = \(String(repeating: "n", count: 33))")) != [])
    #expect(read(board("model", "model = \(String(repeating: "m", count: 64))")) == [])
    #expect(read(board("model", "model = \(String(repeating: "m", count: 65))")) != [])
    #expect(read(board("chip", "chip = \(String(repeating: "c", count: 31))")) == [])
    #expect(read(board("chip", "chip = \(String(repeating: "c", count: 32))")) != [])
    for ending in ["\n", "\r\n"] {
      let longest = ";" + String(repeating: "x", count: BoardProfile.lineLimit - 1)
      #expect(read(longest + ending + goodBoard) == [])
      #expect(
        read(longest + "x" + ending + goodBoard)
          == ["1: the line is too long; allowed: 197 bytes"])
    }
    let filler = String(repeating: ";\n", count: (BoardProfile.fileLimit - goodBoard.count) / 2)
    let pad = BoardProfile.fileLimit - goodBoard.count - filler.count
    let fullest = filler + goodBoard + String(repeating: "\n", count: pad)
    #expect(fullest.utf8.count == BoardProfile.fileLimit)
    #expect(read(fullest) == [])
    #expect(read(fullest + "\n") == ["1: the file is too long; allowed: 16384 bytes"])
  }
}

@Suite("Every board of the project")
struct ProjectBoards {
  static let names: [String] = {
    let boards = repository.appending(path: "boards")
    let all = try? FileManager.default.contentsOfDirectory(atPath: boards.path())
    let others = ["debian", "toolchain"]
    return (all ?? []).filter { !others.contains($0) && !$0.hasPrefix(".") }.sorted()
  }()

  @Test("is one of those that are promised")
  func promised() {
    #expect(
      Self.names == [
        "beagleplay", "qemu", "raspberry-pi-3", "raspberry-pi-4", "raspberry-pi-5",
        "raspberry-pi-zero-2-w", "virtual",
      ])
  }

  @Test("is without a mistake, under its folder's name, with a wiring page", arguments: names)
  func isGood(_ board: String) throws {
    let folder = repository.appending(path: "boards/\(board)")
    let text = try Data(contentsOf: folder.appending(path: "board.ini"))
    let mistakes = read(Array(text)) { profile in
      #expect(profile.name.withBytes(string) == board)
    }
    #expect(mistakes == [])
    #expect(FileManager.default.fileExists(atPath: folder.appending(path: "wiring.md").path()))
  }
}
