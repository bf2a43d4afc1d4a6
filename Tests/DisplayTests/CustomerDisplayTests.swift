import Octets
import Testing

@testable import Display

@Suite("A customer display")
struct CustomerDisplayTests {
  /// What is sent for `messages`, each taken whole by the port.
  private func output(
    _ commands: DisplayCommands, _ characters: CharacterSet, _ messages: [DisplayMessage]
  ) -> [[UInt8]] {
    var display = CustomerDisplay(commands: commands, characters: characters)
    return messages.map { message in
      display.show(message)
      let bytes = display.withOutput { span in span.indices.map { span[$0] } }
      display.sent(bytes.count)
      return bytes
    }
  }

  private func padded(_ text: String) -> [UInt8] {
    Array(text.utf8) + Array(repeating: 0x20, count: 20 - text.utf8.count)
  }

  private let welcome = DisplayMessage(prompt: 0x14, language: .english)
  private let pay = DisplayMessage(
    prompt: 0x15, language: .english,
    amount: DisplayAmount(minorUnits: 1250, currency: 978, exponent: 2))

  /// Epson DM-D110 specification, section 5.4.
  @Test("by ESC/POS is set up once, then both lines are put in their places")
  func escPOS() {
    let sent = output(.escPOS, .pc850, [welcome, pay])
    let lines: [UInt8] = [0x1F, 0x24, 1, 1] + padded("Welcome") + [0x1F, 0x24, 1, 2] + padded("")
    #expect(sent[0] == [0x1B, 0x40, 0x1F, 1, 0x1F, 0x43, 0, 0x1B, 0x74, 2] + lines)
    #expect(
      sent[1] == [0x1F, 0x24, 1, 1] + padded("Present card") + [0x1F, 0x24, 1, 2]
        + padded("           12.50 EUR"))
  }

  @Test("shows a pairing's code in two groups, with its zeros")
  func code() {
    let shown = DisplayMessage(prompt: PromptText.pairingCode, language: .german, code: 41_993)
    let sent = output(.escPOS, .pc850, [welcome, shown])
    #expect(
      sent[1] == [0x1F, 0x24, 1, 1] + padded("Kopplungscode") + [0x1F, 0x24, 1, 2]
        + padded("041 993"))
  }

  /// CD5220 user's manual, section 6.1.
  @Test("by CD5220 gets whole lines")
  func cd5220() {
    let sent = output(.cd5220, .pc437, [welcome, pay])
    let lines: [UInt8] =
      [0x1B, 0x51, 0x41] + padded("Welcome") + [0x0D, 0x1B, 0x51, 0x42] + padded("") + [0x0D]
    #expect(sent[0] == [0x1B, 0x40, 0x1B, 0x11, 0x1B, 0x5F, 0, 0x1B, 0x66, 0x41] + lines)
    #expect(
      sent[1] == [0x1B, 0x51, 0x41] + padded("Present card") + [0x0D, 0x1B, 0x51, 0x42]
        + padded("           12.50 EUR") + [0x0D])
  }

  @Test(
    "chooses the code page by the manuals' numbers",
    arguments: [
      (.escPOS, .ascii, [0x1B, 0x74, 0]), (.escPOS, .pc437, [0x1B, 0x74, 0]),
      (.escPOS, .katakana, [0x1B, 0x74, 1]), (.escPOS, .pc850, [0x1B, 0x74, 2]),
      (.escPOS, .windows1252, [0x1B, 0x74, 16]), (.escPOS, .pc858, [0x1B, 0x74, 19]),
      (.escPOS, .gb2312, []), (.escPOS, .shiftJIS, []), (.cd5220, .ascii, [0x1B, 0x66, 0x41]),
      (.cd5220, .katakana, [0x1B, 0x66, 0x4A]), (.cd5220, .windows1252, []),
    ] as [(DisplayCommands, CharacterSet, [UInt8])])
  func codePage(commands: DisplayCommands, characters: CharacterSet, expected: [UInt8]) {
    #expect(Selection(commands, characters) == Selection(expected.span))
  }

  @Test("takes the board's bytes for the code page instead")
  func selection() {
    let bytes: [UInt8] = [0x1B, 0x63, 0x31]
    var display = CustomerDisplay(
      commands: .cd5220, characters: .pc858, selection: Selection(bytes.span))
    display.show(welcome)
    let sent = display.withOutput { span in span.indices.map { span[$0] } }
    #expect(Array(sent[7..<10]) == bytes)
    #expect(Selection([UInt8](repeating: 0, count: 17).span) == nil)
  }

  @Test("shows the latest message when several came while one was being sent")
  func latest() {
    var display = CustomerDisplay(commands: .escPOS, characters: .ascii)
    display.show(welcome)
    var sent: [UInt8] = []
    // A port that takes seven bytes at a time.
    for prompt in [0x15, 0x16, 0x17] as [UInt8] {
      sent += display.withOutput { span in (0..<7).map { span[$0] } }
      display.sent(7)
      display.show(DisplayMessage(prompt: prompt, language: .english))
    }
    while true {
      let part = display.withOutput { span in (0..<min(7, span.count)).map { span[$0] } }
      if part.isEmpty { break }
      sent += part
      display.sent(part.count)
    }
    let text = String(decoding: sent, as: UTF8.self)
    #expect(text.contains("Welcome") && text.contains("Card read OK"))
    #expect(!text.contains("Present card") && !text.contains("Processing"))
    #expect(text.hasSuffix("Please remove card  "))
  }

  @Test("gets everything anew when its port has come back, and nothing twice")
  func restart() {
    var display = CustomerDisplay(commands: .escPOS, characters: .ascii)
    display.restart()
    let nothing = display.withOutput { $0.count }
    #expect(nothing == 0)
    display.show(welcome)
    let first = display.withOutput { span in span.indices.map { span[$0] } }
    display.sent(9)
    display.restart()
    let again = display.withOutput { span in span.indices.map { span[$0] } }
    #expect(again == first)
    display.sent(again.count)
    display.show(welcome)
    let repeated = display.withOutput { $0.count }
    #expect(repeated == 0)
  }

  @Test(
    "writes amounts as the language and the currency do, and leaves out what does not fit",
    arguments: [
      (1250, 978, 2, .german, "           12,50 EUR"),
      (5, 392, 0, .japanese, "               5 JPY"),
      (1, 48, 3, .english, "           0.001 BHD"), (99, 0, 2, .french, "            0,99 000"),
      (1_234_567_890_123_456, 978, 0, .english, "1234567890123456 EUR"),
      (12_345_678_901_234_567, 978, 0, .english, "                    "),
    ] as [(UInt64, UInt16, UInt8, Language, String)])
  func amounts(value: UInt64, currency: UInt16, exponent: UInt8, language: Language, line: String) {
    let message = DisplayMessage(
      prompt: 0x15, language: language,
      amount: DisplayAmount(minorUnits: value, currency: currency, exponent: exponent))
    let sent = output(.escPOS, .ascii, [message])[0]
    #expect(String(decoding: sent.suffix(20), as: UTF8.self) == line)
  }
}

@Suite("What a display cannot show")
struct FallbackTests {
  private func lines(_ prompt: UInt8, _ language: Language, _ characters: CharacterSet) -> [UInt8] {
    var display = CustomerDisplay(commands: .escPOS, characters: characters)
    display.show(DisplayMessage(prompt: prompt, language: language))
    let bytes = display.withOutput { span in span.indices.map { span[$0] } }
    return Array(bytes[(bytes.count - 44)..<(bytes.count - 24)])
  }

  private func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes.reversed().drop { $0 == 0x20 }.reversed(), as: UTF8.self)
  }

  @Test(
    "is written with plain letters, or in English",
    arguments: [
      (.french, .ascii, "Presentez la carte"), (.chinese, .ascii, "Present card"),
      (.japanese, .ascii, "Present card"), (.chinese, .pc850, "Present card"),
      (.japanese, .gb2312, "Present card"), (.chinese, .shiftJIS, "Present card"),
      (.french, .gb2312, "Presentez la carte"), (.french, .katakana, "Presentez la carte"),
      (.german, .ascii, "Karte vorhalten"),
    ] as [(Language, CharacterSet, String)])
  func fallback(language: Language, characters: CharacterSet, expected: String) {
    #expect(text(lines(0x15, language, characters)) == expected)
  }

  @Test("is nothing where the code page has the letters")
  func codePages() {
    #expect(lines(0x15, .french, .pc850).starts(with: [0x50, 0x72, 0x82, 0x73]))
    #expect(lines(0x15, .french, .windows1252).starts(with: [0x50, 0x72, 0xE9, 0x73]))
    #expect(lines(0x15, .chinese, .gb2312).starts(with: [0xC7, 0xEB, 0xB3, 0xF6]))
    #expect(lines(0x15, .japanese, .shiftJIS).starts(with: [0x83, 0x4A, 0x81, 0x5B]))
    #expect(lines(0x15, .japanese, .katakana).starts(with: [0xB6, 0xB0, 0xC4, 0xDE, 0xA6, 0x20]))
  }

  @Test("never is: every prompt fits its line in every language and code page")
  func everything() {
    for characters in (0..<8).compactMap({ CharacterSet(rawValue: $0) }) {
      for language in everyLanguage {
        for prompt in everyPrompt {
          let line = lines(prompt, language, characters)
          #expect(line.count == 20)
          #expect(!line.contains(UInt8(ascii: "?")), "\(prompt) \(language) \(characters)")
        }
      }
    }
  }
}
