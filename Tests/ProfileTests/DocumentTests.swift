// docs/BOARDS.md lists the keys exactly as the table has them.

import Foundation
import Testing

@testable import Profile

@Suite("The key table of docs/BOARDS.md")
struct DocumentTests {
  private static func row(_ key: Key) -> String {
    var allowed = ""
    key.withAllowed { allowed = string($0) }
    let rule = key.rule
    let fallback =
      rule.isRequired ? "required" : rule.fallback.map { "`\($0.description)`" } ?? "none"
    return
      "| `[\(rule.section.name)]` | `\(rule.name)` | \(allowed) | \(fallback) | \(rule.meaning) |"
  }

  @Test("is the table that the parser goes by")
  func isCurrent() throws {
    let page = try String(
      contentsOf: repository.appending(path: "docs/BOARDS.md"), encoding: .utf8)
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `[") }.map(String.init)
    let table = (0..<UInt8(Key.total)).compactMap(Key.init(rawValue:)).map(Self.row)
    #expect(rows == table, "the rows should be:\n\(table.joined(separator: "\n"))")
  }

  @Test("counts every key and every section")
  func counts() {
    #expect(Key(rawValue: UInt8(Key.total)) == nil)
    #expect(Key(rawValue: UInt8(Key.total - 1)) != nil)
    #expect(Section(rawValue: UInt8(Section.count)) == nil)
    #expect(Section(rawValue: UInt8(Section.count - 1)) != nil)
  }

  @Test("has defaults that keep its own rules")
  func defaults() {
    for key in (0..<UInt8(Key.total)).compactMap(Key.init(rawValue:)) {
      guard let fallback = key.rule.fallback else { continue }
      let bytes = Array(fallback.description.utf8)
      #expect((try? key.rule.shape.read(bytes.span)) != nil, "\(key)")
    }
  }
}
