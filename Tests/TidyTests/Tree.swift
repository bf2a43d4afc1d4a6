// The files of the repository as the rules see them.

import Foundation

/// A text file under the root, with the path that messages name.
struct TextFile {
  let path: String
  let text: String
  /// The code of a Swift file, without comments and literals; the text of any other.
  let code: String

  init(path: String, text: String) {
    self.path = path
    self.text = text
    code = path.hasSuffix(".swift") ? Blanking.commentsAndLiterals(of: text) : text
  }

  var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
  var kind: String { URL(filePath: path).pathExtension }
  /// The first folder below `Sources`: a module's name.
  var module: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
  /// Whether it is Swift of a module that ships: everything in `Sources` but the engineers' tool.
  var isShipping: Bool { path.hasPrefix("Sources/") && kind == "swift" && module != "bench" }
}

enum Tree {
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every text file that people write, in the order of its path.
  static let files: [TextFile] =
    ["README.md", "CHANGELOG.md", "Package.swift", "Makefile"].compactMap(file)
    + ["Sources", "Tests", "boards", "docs"].flatMap(files(below:))

  static let swift = files.filter { $0.kind == "swift" }
  static let shipping = files.filter(\.isShipping)

  private static func files(below folder: String) -> [TextFile] {
    let paths = try? FileManager.default.subpathsOfDirectory(atPath: root.path() + folder)
    return (paths ?? []).sorted()
      .filter { !$0.split(separator: "/").contains { $0.hasPrefix(".") || $0 == "__pycache__" } }
      .compactMap { file(folder + "/" + $0) }
  }

  /// Nil for folders and for what is no UTF-8 text.
  private static func file(_ path: String) -> TextFile? {
    guard let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8) else {
      return nil
    }
    return TextFile(path: path, text: text)
  }
}
