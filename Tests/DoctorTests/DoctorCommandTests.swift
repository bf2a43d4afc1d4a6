// `tillgate doctor` and `tillgate bench` as their user meets them: the built program on a board
// that is all software, its streams and exit codes.

import Foundation
import Testing

/// A virtual board in a folder of its own, without keys.
private final class VirtualBoard {
  let folder = FileManager.default.temporaryDirectory.appending(
    path: "tillgate-doctor-\(UUID().uuidString)")

  init() throws {
    let state = folder.appending(path: "state")
    try FileManager.default.createDirectory(
      at: state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try """
    [board]
    name = doctored
    model = A "computer" nobody has
    [gpio]
    chip = no-such-chip
    [stripe]
    kind = f2f
    source = gpio
    track2 = 4
    [register]
    port = register.tty
    [storage]
    directory = state
    """.write(to: folder.appending(path: "board.ini"), atomically: true, encoding: .utf8)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func process(_ arguments: [String]) -> (Process, Pipe) {
    let process = Process()
    process.executableURL = URL(filePath: CommandLine.arguments[0])
      .deletingLastPathComponent().appending(path: "tillgate")
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    return (process, output)
  }

  func run(_ arguments: String...) throws -> (status: Int32, output: String) {
    let (process, output) = process(arguments)
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  /// Starts a cut test and kills it, as a power cut would, when it has said `wanted`. Returns the
  /// last number it said.
  func cutTest(until wanted: Int) throws -> Int {
    let (process, output) = process(["doctor", "board.ini", "--cut-test"])
    try process.run()
    var said = ""
    while said.split(separator: "\n").count < wanted {
      let data = output.fileHandleForReading.availableData
      try #require(!data.isEmpty)
      said += String(decoding: data, as: UTF8.self)
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    said += String(
      decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    return said.split(separator: "\n").compactMap { Int($0) }.max() ?? 0
  }
}

private struct Report: Decodable {
  struct Finding: Decodable {
    var check: String
    var level: String
    var code: String
    var about: String?
    var text: String
    var `do`: String
    var amount: Int64?
  }
  var board: String
  var findings: [Finding]
  var faults: Int
  var warnings: Int
  var milliseconds: Int
}

@Suite("tillgate doctor", .serialized)
struct DoctorCommandTests {
  @Test("finds what a new board lacks, in one object for programs")
  func json() throws {
    let board = try VirtualBoard()
    let result = try board.run("doctor", "board.ini", "--json")
    #expect(result.status == 1)
    let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    #expect(report.board == "doctored")
    let faults = Set(report.findings.filter { $0.level == "fault" }.map(\.code))
    #expect(faults.isSuperset(of: ["keys.store", "chip.missing", "port.missing"]))
    #expect(report.findings.first { $0.code == "port.missing" }?.about == "register.tty")
    #expect(report.findings.contains { $0.code == "disk.flush" && $0.amount != nil })
    #expect(report.findings.contains { $0.code == "clock.lateness" && $0.amount != nil })
    #expect(report.faults == report.findings.filter { $0.level == "fault" }.count)
    #expect(report.warnings == report.findings.filter { $0.level == "warning" }.count)
    #expect(report.milliseconds >= 200)
  }

  @Test("tells programs, too, what is wrong in a board file")
  func badBoard() throws {
    let board = try VirtualBoard()
    try "[board]\nname = x\nbud = \"1\"\n".write(
      to: board.folder.appending(path: "bad.ini"), atomically: true, encoding: .utf8)
    let result = try board.run("doctor", "bad.ini", "--json")
    #expect(result.status == 1)
    let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    #expect(report.faults == report.findings.count && report.faults > 1)
    #expect(report.findings.allSatisfy { $0.code == "board.file" })
    #expect(report.findings[0].about?.hasPrefix("bad.ini:3: unknown key 'bud'") == true)
    let missing = try board.run("doctor", "none.ini", "--json")
    let empty = try JSONDecoder().decode(Report.self, from: Data(missing.output.utf8))
    #expect(missing.status == 1 && empty.faults == 1)
  }

  @Test("says the same to people, with what to do")
  func text() throws {
    let board = try VirtualBoard()
    let result = try board.run("doctor", "board.ini")
    #expect(result.status == 1)
    let lines = result.output.split(separator: "\n")
    let place = try #require(
      lines.firstIndex { $0.hasPrefix("fault    port     register.tty is not there") })
    #expect(lines[place + 1].contains("-> plug the adapter in"))
    #expect(lines.last?.hasSuffix(" ms") == true)
  }

  @Test("leaves nothing behind in the state directory")
  func tidy() throws {
    let board = try VirtualBoard()
    _ = try board.run("doctor", "board.ini")
    let left = try FileManager.default.contentsOfDirectory(
      atPath: board.folder.appending(path: "state").path())
    #expect(left == [])
  }

  @Test("tells a disk that kept its word in a cut from one that did not")
  func cut() throws {
    let board = try VirtualBoard()
    let last = try board.cutTest(until: 3)
    #expect(last >= 3)
    #expect(try board.run("doctor", "board.ini", "--cut-result", "\(last)").status == 0)
    // The file goes with the answer.
    #expect(try board.run("doctor", "board.ini", "--cut-result", "1").status == 1)
    let again = try board.cutTest(until: 3)
    let file = try FileHandle(
      forWritingTo: board.folder.appending(path: "state/cut-test"))
    try file.truncate(atOffset: UInt64(again * 16 - 8))
    let lost = try board.run("doctor", "board.ini", "--cut-result", "\(again)")
    #expect(lost.status == 1)
    #expect(lost.output.contains("do not use this disk"))
  }

  @Test(
    "refuses command lines that make no sense",
    arguments: [
      ["doctor"], ["doctor", "board.ini", "--jsonn"], ["doctor", "board.ini", "--cut-result"],
      ["doctor", "board.ini", "--cut-result", "-1"],
      ["doctor", "board.ini", "--cut-test", "--cut-result", "1"], ["bench"],
      ["bench", "board.ini", "--seconds", "0"], ["bench", "board.ini", "--save"],
    ])
  func usage(words: [String]) throws {
    let board = try VirtualBoard()
    let result =
      switch words.count {
      case 1: try board.run(words[0])
      case 3: try board.run(words[0], words[1], words[2])
      case 4: try board.run(words[0], words[1], words[2], words[3])
      default: try board.run(words[0], words[1], words[2], words[3], words[4])
      }
    #expect(result.status == 64)
  }

  @Test("and bench draws a histogram and keeps it")
  func bench() throws {
    let board = try VirtualBoard()
    let result = try board.run("bench", "board.ini", "--seconds", "1", "--save", "ticks.csv")
    #expect(result.status == 0)
    #expect(result.output.contains("ticks of 1000 us, rank 40; late by at most:"))
    #expect(result.output.contains("#"))
    let saved = try String(
      contentsOf: board.folder.appending(path: "ticks.csv"), encoding: .utf8
    ).split(separator: "\n")
    #expect(saved[0].hasPrefix("# tillgate "))
    let ticks = saved.dropFirst().compactMap { line in
      line.split(separator: ",").last.flatMap { Int($0) }
    }
    #expect(ticks.reduce(0, +) >= 1_000)
    #expect(try board.run("bench", "board.ini", "--seconds", "1", "--save", "no/where").status == 1)
  }
}
