// The house rules that a machine can check. Each rule lists every offender with its file and line.

import Foundation
import Testing

@Suite("Swift files")
struct SwiftFileTests {
  @Test("have no line over 100 characters")
  func width() {
    #expect(offences(in: Tree.swift) { $0.count > 100 } == [])
  }

  @Test("have no function over 60 lines")
  func functionLength() {
    let long = Tree.swift.flatMap { file in
      FunctionBody.all(in: file.code)
        .filter { $0.length > 60 }
        .map { "\(file.path):\($0.line): \($0.length) lines" }
    }
    #expect(long == [])
  }

  @Test("have at most 400 lines, tables of vectors apart")
  func length() {
    let long = Tree.swift.filter { !$0.path.hasSuffix("Vectors.swift") && $0.lines.count > 401 }
    #expect(long.map(\.path) == [])
  }

  @Test("of modules that ship have no conditional compilation")
  func conditions() {
    #expect(codeOffences(in: Tree.shipping) { $0.contains(#/^\s*#if\b/#) } == [])
  }

  @Test("of modules that ship do not trap on what may come from outside")
  func traps() {
    let traps = #/\bfatalError\(|\btry!|\bas!/#
    #expect(codeOffences(in: Tree.shipping) { $0.contains(traps) } == [])
  }

  @Test("and headers open with what they are and why they exist")
  func opening() {
    let silent = Tree.files.filter { file in
      file.path.hasPrefix("Sources/") && ["swift", "h"].contains(file.kind)
        && file.text != "#pragma once\n" && !file.text.hasPrefix("// ")
    }
    #expect(silent.map(\.path) == [])
  }
}

@Suite("Every file")
struct EveryFileTests {
  @Test("is indented with blanks")
  func tabs() {
    let files = Tree.files.filter { ["swift", "c", "h", "md", "py", "ini"].contains($0.kind) }
    #expect(offences(in: files) { $0.contains("\t") } == [])
  }

  @Test("is finished: nothing is left to do in it")
  func unfinished() {
    let words = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
    let found = offences(in: Tree.files) { line in
      line.split { !$0.isLetter }.contains { words.contains(String($0)) }
    }
    #expect(found == [])
  }

  @Test("outside boards names no chip, port or line of a board")
  func boards() {
    let names = #/gpiochip\d|pinctrl|/dev/(tty|serial)|tty(AMA|ACM|USB|S)\d|GPIO\d/#
    let found = Tree.files.filter { $0.path.hasPrefix("Sources/") }.flatMap { file in
      offences(file.path, Blanking.comments(of: file.text)) { $0.contains(names) }
    }
    #expect(found == [])
  }

  @Test("in docs is linked from the README or from another page")
  func links() {
    let pages = Tree.files.filter { $0.kind == "md" }
    let dead = Tree.files.filter { $0.path.hasPrefix("docs/") }.filter { file in
      let name = String(file.path.dropFirst("docs/".count))
      return !pages.contains { page in
        page.path != file.path && page.text.contains("(" + link(to: name, from: page))
      }
    }
    #expect(dead.map(\.path) == [])
  }

  private func link(to name: String, from page: TextFile) -> String {
    switch page.path.split(separator: "/").count {
    case 1: "docs/" + name
    case 2: name
    default: "../../docs/" + name
    }
  }

  @Test("in Tests/Fuzz is a fuzz target that the build script builds")
  func fuzz() {
    let folder = "Tests/Fuzz/"
    let targets = Tree.swift.filter { $0.path.hasPrefix(folder) }
    #expect(targets.map(\.path).filter { !$0.hasSuffix("Fuzz.swift") } == [])
    guard let script = Tree.files.first(where: { $0.path == folder + "build" }) else { return }
    let unbuilt = targets.map { $0.path.dropFirst(folder.count) }.filter { name in
      !script.text.contains("*Fuzz.swift") && !script.text.contains(name.dropLast(".swift".count))
    }
    #expect(unbuilt == [])
  }

  @Test("has no card number but those of published test cards")
  func cardNumbers() {
    let files = Tree.files.filter { ["swift", "md", "py", "ini", "c", "h"].contains($0.kind) }
    let found = offences(in: files) { line in
      CardNumber.all(in: String(line)).contains { !CardNumber.isForTests($0) }
    }
    #expect(found == [])
  }
}

/// `PATH:LINE` and the start of every line for which `isOffence` holds.
private func offences(in files: [TextFile], _ isOffence: (Substring) -> Bool) -> [String] {
  files.flatMap { file in offences(file.path, file.text, isOffence) }
}

/// The same over the code alone.
private func codeOffences(in files: [TextFile], _ isOffence: (Substring) -> Bool) -> [String] {
  files.flatMap { file in offences(file.path, file.code, isOffence) }
}

private func offences(
  _ path: String, _ text: String, _ isOffence: (Substring) -> Bool
) -> [String] {
  text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    .filter { isOffence($0.element) }
    .map { "\(path):\($0.offset + 1): \($0.element.prefix(80))" }
}
