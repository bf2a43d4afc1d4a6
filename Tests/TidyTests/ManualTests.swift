// The manual page and the shells' completions keep up with the command line. What is completed
// where is asked of the shells themselves: Tests/completion.py.

import Testing

@Suite("Every word of the command line")
struct ManualTests {
  /// Commands, verbs and options, as the program compares them with what was typed.
  static let words: Set<String> = Set(
    Tree.files.filter { $0.path.hasPrefix("Sources/tillgate/") }.flatMap { file in
      file.text.matches(of: #/word\([a-z0-9]+, is: "([a-z-]+)"\)/#).map { String($0.1) }
    })

  @Test("is found in the sources")
  func found() {
    #expect(Self.words.isSuperset(of: ["run", "keys", "new-origin", "--state", "--cut-test"]))
  }

  @Test(
    "is in the manual page and known to every shell",
    arguments: ["tillgate.8", "tillgate.bash", "_tillgate", "tillgate.fish"])
  func isKnown(file: String) throws {
    let page = try #require(Tree.files.first { $0.path == "boards/debian/" + file })
    // In troff `\-` is the minus sign; fish has `-l state` for `--state`.
    let plain = page.text.replacing("\\-", with: "-").replacing(" -l ", with: " --")
    let there = Set(plain.split { !($0.isLowercase || $0 == "-") }.map(String.init))
    #expect(Self.words.subtracting(there).sorted() == [])
  }
}
