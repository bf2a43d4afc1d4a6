// `tillgate check` as its user meets it: the built program, its streams and its exit status.

import Foundation
import Testing

@Suite("tillgate check")
struct CheckCommandTests {
  /// Runs the program that was built beside these tests, in the repository.
  private func check(_ arguments: String...) throws -> (
    status: Int32, output: String, error: String
  ) {
    let process = Process()
    // .build/CONFIGURATION/TillgatePackageTests.xctest
    process.executableURL = URL(filePath: CommandLine.arguments[0])
      .deletingLastPathComponent().appending(path: "tillgate")
    process.arguments = ["check"] + arguments
    process.currentDirectoryURL = repository
    let (output, error) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = error
    try process.run()
    // What is written fits the pipes' buffers.
    process.waitUntilExit()
    func text(_ pipe: Pipe) throws -> String {
      String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }
    return (process.terminationStatus, try text(output), try text(error))
  }

  private func withFile(_ text: Data, _ body: (String) throws -> Void) throws {
    let file = FileManager.default.temporaryDirectory
      .appending(path: "tillgate-\(UUID().uuidString).ini")
    try text.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    try body(file.path())
  }

  @Test("sums up good files and succeeds")
  func good() throws {
    let result = try check("boards/virtual/board.ini", "boards/raspberry-pi-5/board.ini")
    #expect(result.status == 0)
    #expect(
      result.output == """
        boards/virtual/board.ini: ok (virtual, Virtual kiosk: stripe f2f from stripe.edges; \
        contactless reader.tty at up to 921600 baud; \
        scanner scanner.tty; display display.tty; \
        register register.tty at 115200 baud; release 10 ms)
        boards/raspberry-pi-5/board.ini: ok (raspberry-pi-5, Raspberry Pi 5: stripe clock-data \
        from pinctrl-rp1; register /dev/ttyAMA0 at 115200 baud; release 10 ms)\n
        """)
    #expect(result.error == "")
  }

  @Test(
    "names what only the contactless reader can judge",
    arguments: [
      ("tags = 9F26,57", "tags of [contactless] are no list for DE55"),
      ("tags = 9F26,9F26", "tags of [contactless] are no list for DE55"),
      ("aids = A0000000049999,F000000001", "aids of [contactless] are no list of applications"),
      ("qualifiers = 2400", "qualifiers of [contactless] are not 4 bytes"),
      ("capabilities = 40,480", "capabilities of [contactless] are not 3 bytes"),
    ])
  func contactless(line: String, mistake: String) throws {
    let section = "\n[contactless]\nport = reader.tty\n\(line)\n"
    try withFile(Data((board("baud", "baud = 9600") + section).utf8)) { path in
      let result = try check(path)
      #expect(result.status == 1)
      #expect(result.error.hasPrefix("\(path): error: \(mistake)"), "\(result.error)")
    }
  }

  @Test("names every mistake with file and line, and fails")
  func bad() throws {
    try withFile(Data(board("baud", "bud = 1").replacing("cpu = 3", with: "cpu = x").utf8)) {
      path in
      let result = try check(path, "boards/virtual/board.ini")
      #expect(result.status == 1)
      #expect(
        result.error == """
          \(path):9: error: cpu: 'x' is not a plain decimal number; allowed: any, 0 to 63
          \(path):21: error: unknown key 'bud' in [register] (did you mean 'baud'?); \
          allowed: port, baud\n
          """)
      #expect(result.output.hasPrefix("boards/virtual/board.ini: ok"))
    }
  }

  @Test("refuses what is no board file at all")
  func unreadable() throws {
    #expect(try check("nowhere").error == "nowhere: error: does not exist\n")
    #expect(try check("boards").error == "boards: error: is no regular file\n")
    #expect(try check("/dev/zero").error == "/dev/zero: error: is no regular file\n")
    try withFile(Data(repeating: 0x0A, count: 16_385)) { path in
      let result = try check(path)
      #expect(result.status == 1)
      #expect(result.error == "\(path): error: is larger than such a file can be\n")
    }
    #expect(try check().status == 64)
  }
}
