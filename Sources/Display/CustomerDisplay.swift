// A customer display of two lines and twenty columns on a serial port: which bytes put a prompt on
// it. Written from the public manuals of Epson's DM-D110 and of the CD5220.

import Octets

/// What the display understands. Raw values are the order of the board file's choices.
public enum DisplayCommands: UInt8, Sendable, BitwiseCopyable {
  /// Epson's command set for customer displays.
  case escPOS = 0
  /// The command set of the CD5220, which many displays have as a mode.
  case cd5220 = 1
}

/// Money as the display shows it.
public struct DisplayAmount: Equatable, Sendable, BitwiseCopyable {
  public var minorUnits: UInt64
  /// ISO 4217 numeric.
  public var currency: UInt16
  /// Digits behind the point, 0 to 4.
  public var exponent: UInt8

  public init(minorUnits: UInt64, currency: UInt16, exponent: UInt8) {
    self.minorUnits = minorUnits
    self.currency = currency
    self.exponent = exponent
  }
}

/// What the customer is to see, or whoever pairs a register.
public struct DisplayMessage: Equatable, Sendable, BitwiseCopyable {
  /// EMV's message identifier, or one of ours: see `PromptText`.
  public var prompt: UInt8
  public var language: Language
  /// Takes the lower line.
  public var amount: DisplayAmount?
  /// Six digits, which take the lower line.
  public var code: UInt32?

  public init(
    prompt: UInt8, language: Language, amount: DisplayAmount? = nil, code: UInt32? = nil
  ) {
    self.prompt = prompt
    self.language = language
    self.amount = amount
    self.code = code
  }
}

/// The display's end of a port. Shows the latest message: one that comes while another is being
/// sent waits for it to leave, and replaces any that waited.
public struct CustomerDisplay: ~Copyable {
  public static let columns = 20
  /// Bytes that choose the code page, given by the board.
  public static let selectionLimit = 16

  private let commands: DisplayCommands
  private let characters: CharacterSet
  private let selection: Selection
  /// What is or will be shown.
  private var message: DisplayMessage?
  /// Whether `message` has yet to be sent.
  private var isPending = false
  /// Whether the display has yet to be set up.
  private var isFresh = true
  private var output = Bytes<96>()

  /// `selection` replaces the bytes that choose the code page, for displays that number them
  /// differently; nil takes those of the manuals.
  public init(commands: DisplayCommands, characters: CharacterSet, selection: Selection? = nil) {
    self.commands = commands
    self.characters = characters
    self.selection = selection ?? Selection(commands, characters)
  }

  /// A port came up, perhaps with another display: all is sent anew.
  public mutating func restart() {
    output.removeAll()
    isFresh = true
    isPending = message != nil
  }

  public mutating func show(_ message: DisplayMessage) {
    guard message != self.message else { return }
    self.message = .some(message)
    isPending = true
  }

  /// Shows what is to be sent now; empty when there is nothing.
  public mutating func withOutput<R>(_ body: (Span<UInt8>) -> R) -> R {
    if output.isEmpty { compose() }
    return output.withBytes(body)
  }

  /// The port took the first `count` bytes of the output.
  public mutating func sent(_ count: Int) { output.removeFirst(count) }

  private mutating func compose() {
    guard isPending, let message else { return }
    do throws(Overflow) {
      if isFresh { try appendSetUp() }
      try append(message)
    } catch { preconditionFailure("set-up and two lines are 90 bytes at most") }
    isFresh = false
    isPending = false
  }
}

// MARK: The bytes

extension CustomerDisplay {
  /// Initialised, in overwrite mode, without a cursor, with the code page.
  private mutating func appendSetUp() throws(Overflow) {
    switch commands {
    // ESC @, US MD1, US C 0 (DM-D110 specification, section 5.4).
    case .escPOS: try output.append("\u{1B}@\u{1F}\u{01}\u{1F}C\u{00}")
    // ESC @, ESC DC1, ESC _ 0 (CD5220 user's manual, section 6.1).
    case .cd5220: try output.append("\u{1B}@\u{1B}\u{11}\u{1B}_\u{00}")
    }
    for index in 0..<selection.count { try output.append(selection.bytes[index]) }
  }

  private mutating func append(_ message: DisplayMessage) throws(Overflow) {
    var upper = Bytes<40>()
    var lower = Bytes<40>()
    try compose(message, &upper, &lower)
    switch commands {
    case .escPOS:
      // US $ column row, both from 1.
      try append("\u{1F}$\u{01}\u{01}", upper, "")
      try append("\u{1F}$\u{01}\u{02}", lower, "")
    case .cd5220:
      // ESC Q A and B take a whole line, up to CR.
      try append("\u{1B}QA", upper, "\r")
      try append("\u{1B}QB", lower, "\r")
    }
  }

  private mutating func append(
    _ command: StaticString, _ line: borrowing Bytes<40>, _ end: StaticString
  ) throws(Overflow) {
    try output.append(command)
    try line.withBytes { (line) throws(Overflow) in try output.append(line) }
    try output.append(end)
  }

  /// Both lines, in the first of these that the display can show: the text in its language,
  /// Japanese in katakana, English.
  private borrowing func compose(
    _ message: DisplayMessage, _ upper: inout Bytes<40>, _ lower: inout Bytes<40>
  ) throws(Overflow) {
    let isShown = PromptText.withLines(of: message.prompt, in: message.language) {
      compose($0, $1, &upper, &lower)
    }
    if !isShown {
      let isKatakanaShown =
        message.language == .japanese
        && PromptText.withKatakana(of: message.prompt) { compose($0, $1, &upper, &lower) }
      if !isKatakanaShown {
        _ = PromptText.withLines(of: message.prompt, in: .english) {
          compose($0, $1, &upper, &lower)
        }
      }
    }
    if let amount = message.amount {
      lower.removeAll()
      try append(amount, in: message.language, to: &lower)
    } else if let code = message.code {
      lower.removeAll()
      try append(code: code, to: &lower)
    }
  }

  /// In two groups, as people read them to each other: `041 993`.
  private borrowing func append(code: UInt32, to line: inout Bytes<40>) throws(Overflow) {
    var least: UInt32 = 100_000
    while least > 0 {
      if least == 100 { try line.append(UInt8(ascii: " ")) }
      try line.append(UInt8(ascii: "0") + UInt8(code / least % 10))
      least /= 10
    }
    while line.count < Self.columns { try line.append(UInt8(ascii: " ")) }
  }

  /// False when the display lacks a character of the text.
  private borrowing func compose(
    _ first: Span<UInt8>, _ second: Span<UInt8>, _ upper: inout Bytes<40>, _ lower: inout Bytes<40>
  ) -> Bool {
    upper.removeAll()
    lower.removeAll()
    do throws(Overflow) {
      let isUpperWhole = try characters.append(first, to: &upper)
      return try characters.append(second, to: &lower) && isUpperWhole
    } catch { return false }
  }

  /// At the right edge, such as `12.50 EUR`; an amount that does not fit is left out rather than
  /// shown wrong.
  private borrowing func append(
    _ amount: DisplayAmount, in language: Language, to line: inout Bytes<40>
  ) throws(Overflow) {
    var text = Bytes<20>()
    do throws(Overflow) {
      try text.appendDecimal(
        amount.minorUnits, places: Int(amount.exponent), point: language.decimalPoint)
      try text.append(UInt8(ascii: " "))
      try CurrencyCode.append(amount.currency, to: &text)
    } catch { text.removeAll() }
    for _ in 0..<(Self.columns - text.count) { try line.append(UInt8(ascii: " ")) }
    try text.withBytes { (text) throws(Overflow) in try line.append(text) }
  }
}

/// The bytes that choose a display's code page.
public struct Selection: Equatable, Sendable {
  fileprivate var bytes = InlineArray<16, UInt8>(repeating: 0)
  public private(set) var count = 0

  /// Nil when there are more than sixteen.
  public init?(_ bytes: Span<UInt8>) {
    guard bytes.count <= CustomerDisplay.selectionLimit else { return nil }
    for index in bytes.indices { self.bytes[index] = bytes[index] }
    count = bytes.count
  }

  /// The manuals' own.
  init(_ commands: DisplayCommands, _ characters: CharacterSet) {
    switch commands {
    case .escPOS:
      // ESC t n: table 0 is 437, 1 katakana, 2 is 850, 16 is 1252, 19 is 858. The others have no
      // number: displays for Chinese and kanji need none.
      let table: UInt8? =
        switch characters {
        case .ascii, .pc437: 0
        case .katakana: 1
        case .pc850: 2
        case .windows1252: 16
        case .pc858: 19
        case .gb2312, .shiftJIS: nil
        }
      if let table { append(0x1B, UInt8(ascii: "t"), table) }
    case .cd5220:
      // ESC f n: the international set, A of the United States, J of JIS.
      switch characters {
      case .ascii, .pc437: append(0x1B, UInt8(ascii: "f"), UInt8(ascii: "A"))
      case .katakana: append(0x1B, UInt8(ascii: "f"), UInt8(ascii: "J"))
      case .pc850, .pc858, .windows1252, .gb2312, .shiftJIS: break
      }
    }
  }

  private mutating func append(_ first: UInt8, _ second: UInt8, _ third: UInt8) {
    bytes[count] = first
    bytes[count + 1] = second
    bytes[count + 2] = third
    count += 3
  }

  public static func == (left: Selection, right: Selection) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<left.count where left.bytes[index] != right.bytes[index] { return false }
    return true
  }
}
