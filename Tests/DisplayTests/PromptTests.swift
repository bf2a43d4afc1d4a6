import Octets
import Testing

@testable import Display

/// Every prompt that has a text: EMV's, and our own three.
let everyPrompt: [UInt8] = [
  0x03, 0x07, 0x10, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x20, 0x21, 0x80,
  0x81, 0x82,
]
let everyLanguage: [Language] = [.english, .german, .french, .spanish, .chinese, .japanese]

func lines(_ prompt: UInt8, _ language: Language) -> (String, String) {
  PromptText.withLines(of: prompt, in: language) { (text($0), text($1)) }
}

func text(_ bytes: Span<UInt8>) -> String {
  String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
}

@Suite("A prompt")
struct PromptTests {
  @Test("has a text in every language", arguments: everyLanguage)
  func texts(language: Language) {
    for prompt in everyPrompt {
      let (first, second) = lines(prompt, language)
      #expect(!first.isEmpty, "\(prompt) in \(language)")
      for line in [first, second] {
        let columns = line.unicodeScalars.reduce(0) { $0 + ($1.value >= 0x3000 ? 2 : 1) }
        #expect(columns <= CustomerDisplay.columns, "\(line)")
        #expect(!line.hasPrefix(" ") && !line.hasSuffix(" "))
      }
    }
  }

  @Test("differs from every other in its language, as far as it asks for something else")
  func distinct() {
    for language in everyLanguage {
      let texts = everyPrompt.map { "\(lines($0, language))" }
      #expect(Set(texts).count == texts.count, "\(language)")
    }
  }

  @Test("without a text leaves both lines empty", arguments: [0x1E, 0x00, 0x7F, 0xFF] as [UInt8])
  func empty(prompt: UInt8) {
    for language in everyLanguage { #expect(lines(prompt, language) == ("", "")) }
  }

  @Test("is in two lines where the text has them")
  func twoLines() {
    #expect(lines(0x17, .english) == ("Card read OK", "Please remove card"))
    #expect(lines(0x18, .german) == ("Karte stecken/ziehen", ""))
    #expect(lines(0x16, .chinese) == ("处理中", "请稍候"))
    let katakana = PromptText.withKatakana(of: 0x15) { first, _ in text(first) }
    #expect(katakana == "ｶｰﾄﾞｦ ﾀｯﾁ")
  }
}

@Suite("A language")
struct LanguageTests {
  @Test(
    "is told by two letters, upper or lower case",
    arguments: [
      ("en", .english), ("DE", .german), ("fr", .french), ("Es", .spanish), ("zh", .chinese),
      ("ja", .japanese), ("it", nil), ("e", nil), ("eng", nil), ("", nil), ("\u{5}n", nil),
    ] as [(String, Language?)])
  func code(text: String, language: Language?) {
    #expect(Language(code: Array(text.utf8).span) == language)
  }

  @Test(
    "is the first of a card's that the program speaks",
    arguments: [
      ("ruesdeen", .spanish), ("deen", .german), ("itptnlsv", nil), ("", nil), ("d", nil),
      ("itptnlsvde", nil), ("itz", nil), ("ITJA", .japanese),
    ] as [(String, Language?)])
  func preferences(text: String, language: Language?) {
    #expect(Language(preferences: Array(text.utf8).span) == language)
  }
}
