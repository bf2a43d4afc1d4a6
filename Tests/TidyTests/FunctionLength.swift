// Finds functions and counts their lines, by braces: nothing here needs to understand Swift.

struct FunctionBody {
  var line: Int
  var length: Int

  /// Every function, initialiser, deinitialiser and subscript with a body in `code`, which has
  /// neither comments nor literals. `length` counts from the keyword's line to the closing brace's.
  static func all(in code: String) -> [FunctionBody] {
    let characters = Array(code)
    var found: [FunctionBody] = []
    var line = 1
    var at = 0
    while at < characters.count {
      if characters[at] == "\n" { line += 1 }
      guard let word = word(at, in: characters) else {
        at += 1
        continue
      }
      if keywords.contains(word), !isMember(at, in: characters),
        let end = end(from: at + word.count, in: characters)
      {
        let length = characters[at...end].count { $0 == "\n" } + 1
        found.append(FunctionBody(line: line, length: length))
      }
      at += word.count
    }
    return found
  }

  private static let keywords: Set = ["func", "init", "deinit", "subscript"]

  /// Words that can only follow a requirement without a body, as in a protocol.
  private static let next: Set = [
    "func", "init", "var", "subscript", "static", "mutating", "associatedtype", "case", "struct",
    "enum", "class", "extension", "protocol", "public", "private", "fileprivate", "internal",
  ]

  /// The word that begins at `at`, if one does.
  private static func word(_ at: Int, in text: [Character]) -> String? {
    func isPart(_ character: Character) -> Bool {
      character.isLetter || character.isNumber || character == "_" || character == "`"
    }
    guard isPart(text[at]), at == 0 || !isPart(text[at - 1]) else { return nil }
    return String(text[at...].prefix(while: isPart))
  }

  /// Whether it is `.init` of something else, a call.
  private static func isMember(_ at: Int, in text: [Character]) -> Bool {
    at > 0 && text[at - 1] == "."
  }

  /// Where the body's closing brace is; nil when there is no body.
  private static func end(from start: Int, in text: [Character]) -> Int? {
    var parentheses = 0
    var at = start
    while at < text.count {
      switch text[at] {
      case "(", "[": parentheses += 1
      case ")", "]": parentheses -= 1
      case "{" where parentheses == 0: return close(from: at, in: text)
      case "}" where parentheses == 0: return nil
      default:
        if parentheses == 0, let word = word(at, in: text), next.contains(word) { return nil }
      }
      if parentheses < 0 { return nil }
      at += 1
    }
    return nil
  }

  private static func close(from start: Int, in text: [Character]) -> Int? {
    var depth = 0
    for at in start..<text.count {
      if text[at] == "{" { depth += 1 }
      if text[at] == "}" { depth -= 1 }
      if depth == 0 { return at }
    }
    return nil
  }
}
