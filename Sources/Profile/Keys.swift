// The one table of a board file's keys: the parser, `tillgate check` and docs/BOARDS.md all go by
// it, the document through a test.

/// The sections of a board file.
public enum Section: UInt8, Sendable {
  case board, loop, gpio, stripe, contactless, register, pairing, indicators, storage, card
  case scanner, display
  case watcher, concert

  public static let count = 14

  public var name: StaticString {
    switch self {
    case .board: "board"
    case .loop: "loop"
    case .gpio: "gpio"
    case .stripe: "stripe"
    case .contactless: "contactless"
    case .register: "register"
    case .pairing: "pairing"
    case .indicators: "indicators"
    case .storage: "storage"
    case .card: "card"
    case .scanner: "scanner"
    case .watcher: "watcher"
    case .display: "display"
    case .concert: "concert"
    }
  }
}

/// What the table says of one key.
public struct Rule: Sendable {
  public let section: Section
  public let name: StaticString
  public let shape: Shape
  /// The value when the key is left out; nil when it has none.
  public let fallback: StaticString?
  /// Whether the key must be given in every board file. Some others must be given together with
  /// certain values (Relations.swift).
  public let isRequired: Bool
  /// One sentence for docs/BOARDS.md, with the unit where there is one.
  public let meaning: StaticString

  init(
    _ section: Section, _ name: StaticString, _ shape: Shape, default fallback: StaticString? = nil,
    isRequired: Bool = false, _ meaning: StaticString
  ) {
    self.section = section
    self.name = name
    self.shape = shape
    self.fallback = fallback
    self.isRequired = isRequired
    self.meaning = meaning
  }
}

/// The keys of a board file, in the order of the document.
public enum Key: UInt8, Sendable {
  case name, model
  case tick, release, priority, capturePriority, processor
  case chip
  case kind, source, stream
  case flux1, flux2, flux3, strobe1, data1, strobe2, data2, strobe3, data3, cardPresent
  case silence, bias
  case tapPort, tapBaud, country, category, qualifiers, capabilities
  case floorLimit, verificationLimit, tapLimit, tags, applications
  case port, baud
  case button, buttonActive
  case ready, reading, ok, error, tone, active
  case directory, keepRecords, keepDays, reserve
  case leadingDigits, trailingDigits
  case scannerPort, scannerBaud
  case concertPort, concertBaud, parity, acceptance, cardSeconds, outcomeSeconds
  case watcherPort, watcherBaud
  case displayPort, displayBaud, commands, characters, select, language

  public var rule: Rule {
    switch self {
    case .name, .model: boardRule
    case .tick, .release, .priority, .capturePriority, .processor: loopRule
    case .chip:
      Rule(
        .gpio, "chip", .label(limit: Shape.nameLimit),
        "Label (or name) of the GPIO chip that has all lines, as `gpiodetect` shows it.")
    case .kind, .source, .stream, .silence, .bias: stripeRule
    case .flux1, .flux2, .flux3, .strobe1, .data1, .strobe2, .data2, .strobe3, .data3,
      .cardPresent:
      headRule
    case .tapPort, .tapBaud, .country, .category, .qualifiers, .capabilities: readerRule
    case .floorLimit, .verificationLimit, .tapLimit, .tags, .applications: tapRule
    case .port, .baud: registerRule
    case .button:
      .line(
        .pairing, "button", "Button that lets a register be paired when it is held for a second.")
    case .buttonActive:
      Rule(
        .pairing, "active", .choice("low, high"), default: "low",
        "The level of the line while the button is held; the chip's own resistor pulls it off it.")
    case .ready, .reading, .ok, .error, .tone, .active: indicatorRule
    case .directory, .keepRecords, .keepDays, .reserve: storageRule
    case .leadingDigits, .trailingDigits: cardRule
    case .scannerPort, .scannerBaud: scannerRule
    case .watcherPort:
      Rule(
        .watcher, "port", .path,
        "Serial port of a second register, which is told everything and can change nothing.")
    case .watcherBaud: .baud(.watcher, default: "115200")
    case .displayPort, .displayBaud, .commands, .characters, .select, .language: displayRule
    case .concertPort, .concertBaud, .parity, .acceptance, .cardSeconds, .outcomeSeconds:
      concertRule
    }
  }

  private var boardRule: Rule {
    switch self {
    case .name:
      Rule(
        .board, "name", .word(limit: 32), isRequired: true,
        "Short name of the board: that of its folder.")
    default:
      Rule(
        .board, "model", .text(limit: 64), isRequired: true, "What is printed on the computer.")
    }
  }

  private var loopRule: Rule {
    switch self {
    case .tick:
      Rule(.loop, "tick_us", .number(250...10_000), default: "1000", "Tick, in microseconds.")
    case .release:
      Rule(
        .loop, "release_ms", .number(3...100), default: "10",
        "Time from the card's last edge to the record's first byte, in milliseconds.")
    case .priority:
      Rule(
        .loop, "priority", .number(1...89), default: "40", "SCHED_FIFO priority of the loop.")
    case .capturePriority:
      Rule(
        .loop, "capture_priority", .number(2...90), default: "50",
        "SCHED_FIFO priority of the capture thread, above `priority`.")
    default:
      Rule(
        .loop, "cpu", .numberOrAny(0...63), default: "any",
        "Processor that the loop is bound to.")
    }
  }

  private var stripeRule: Rule {
    switch self {
    case .kind:
      Rule(
        .stripe, "kind", .choice("f2f, clock-data"), isRequired: true,
        "What the head puts out: bare flux reversals, or clock and data (TTL).")
    case .source:
      Rule(
        .stripe, "source", .choice("gpio, stream"), isRequired: true,
        "Where edges come from: lines of the chip, or a stream of time stamps.")
    case .stream:
      Rule(
        .stripe, "stream", .path,
        "File, pipe or socket of edges; with `source = stream`, and only then.")
    case .silence:
      Rule(
        .stripe, "silence_ms", .number(2...40), default: "7",
        "Quiet time that ends a swipe, in milliseconds; with one tick it is below `release_ms`.")
    default:
      Rule(
        .stripe, "bias", .choice("as-is, pull-up, pull-down, disabled"), default: "as-is",
        "The chip's own resistor on the head's lines.")
    }
  }

  private var headRule: Rule {
    switch self {
    case .flux1: .line(.stripe, "track1", "Flux line of track 1 (f2f).")
    case .flux2: .line(.stripe, "track2", "Flux line of track 2 (f2f).")
    case .flux3: .line(.stripe, "track3", "Flux line of track 3 (f2f).")
    case .strobe1: .line(.stripe, "track1.strobe", "STROBE of track 1 (clock-data).")
    case .data1: .line(.stripe, "track1.data", "DATA of track 1 (clock-data).")
    case .strobe2: .line(.stripe, "track2.strobe", "STROBE of track 2 (clock-data).")
    case .data2: .line(.stripe, "track2.data", "DATA of track 2 (clock-data).")
    case .strobe3: .line(.stripe, "track3.strobe", "STROBE of track 3 (clock-data).")
    case .data3: .line(.stripe, "track3.data", "DATA of track 3 (clock-data).")
    default:
      .line(.stripe, "card_present", "CARD PRESENT of the head (clock-data), if it is wired.")
    }
  }

  private var readerRule: Rule {
    switch self {
    case .tapPort:
      Rule(
        .contactless, "port", .path,
        "Serial port of the contactless reader, a PN532; required with any other key here.")
    case .tapBaud:
      Rule(
        .contactless, "max_baud",
        .choice("9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1288000"),
        default: "115200",
        "The fastest rate of port and wiring: the reader is raised to it.")
    case .country:
      Rule(
        .contactless, "country", .number(0...999), default: "0",
        "Country of the kiosk (9F1A), ISO 3166-1 numeric; 0 is none.")
    case .category:
      Rule(
        .contactless, "category", .number(0...9_999), default: "0",
        "Merchant category code (9F15).")
    case .qualifiers:
      Rule(
        .contactless, "qualifiers", .hex(limit: 8), default: "24004000",
        "Terminal transaction qualifiers (9F66), without what the amount decides.")
    default:
      Rule(
        .contactless, "capabilities", .hex(limit: 6), default: "404800",
        "Terminal capabilities (9F33).")
    }
  }

  private var tapRule: Rule {
    switch self {
    case .floorLimit:
      Rule(
        .contactless, "floor_limit", .number(0...999_999_999), default: "0",
        "Above this amount, in minor units, an online cryptogram is insisted upon.")
    case .verificationLimit:
      Rule(
        .contactless, "cvm_limit", .number(0...999_999_999), default: "5000",
        "From this amount on, in minor units, the holder has to be verified.")
    case .tapLimit:
      Rule(
        .contactless, "tap_limit", .numberOrAny(1...999_999_999), default: "any",
        "From this amount on, in minor units, no card may be tapped.")
    case .tags:
      Rule(
        .contactless, "tags", .hex(limit: 160),
        "Data objects of DE55 in their order, such as 9F26,9F27,9F10; none for the usual ones.")
    default:
      Rule(
        .contactless, "aids", .hex(limit: 160),
        "Application identifiers that are taken, at most 16; none for those of all schemes.")
    }
  }

  private var registerRule: Rule {
    switch self {
    case .port:
      Rule(
        .register, "port", .path, isRequired: true, "Serial port (or pty) of the cash register.")
    default:
      .baud(.register, default: "115200")
    }
  }

  private var indicatorRule: Rule {
    switch self {
    case .ready:
      .line(
        .indicators, "ready",
        "Lit while a card can be taken; blinks while a register can be paired.")
    case .reading: .line(.indicators, "reading", "Lit while a card is being read.")
    case .ok: .line(.indicators, "ok", "Lit after a card was captured.")
    case .error: .line(.indicators, "error", "Lit after a card could not be read.")
    case .tone:
      .line(
        .indicators, "tone",
        "Buzzer: long after a card was captured, twice short after one could not be read.")
    default:
      Rule(
        .indicators, "active", .choice("high, low"), default: "high",
        "The level that lights a light, or sounds the buzzer.")
    }
  }

  private var storageRule: Rule {
    switch self {
    case .directory:
      Rule(
        .storage, "directory", .path, default: "/var/lib/tillgate",
        "Directory of keys, state and the log of records.")
    case .keepRecords:
      Rule(
        .storage, "keep_records", .number(1024...10_000_000), default: "100000",
        "Acknowledged records that are kept at most; about 1 KB each.")
    case .keepDays:
      Rule(
        .storage, "keep_days", .number(1...3650), default: "90",
        "Days after which an acknowledged record is let go.")
    default:
      Rule(
        .storage, "reserve_mb", .number(1...1_000_000), default: "16",
        "Below so many free megabytes of the disk no card is taken.")
    }
  }

  private var cardRule: Rule {
    switch self {
    case .leadingDigits:
      Rule(
        .card, "leading_digits", .number(0...6), default: "6",
        "First digits of a card number that may be shown.")
    default:
      Rule(
        .card, "trailing_digits", .number(0...4), default: "4",
        "Last digits of a card number that may be shown.")
    }
  }

  private var scannerRule: Rule {
    switch self {
    case .scannerPort:
      Rule(
        .scanner, "port", .path,
        "Serial port of the code scanner; required in this section.")
    default: .baud(.scanner, default: "9600")
    }
  }

  private var concertRule: Rule {
    switch self {
    case .concertPort:
      Rule(
        .concert, "port", .path,
        "Serial port of a till that speaks Concert's protocol E+; required in this section.")
    case .concertBaud: .baud(.concert, default: "9600")
    case .parity:
      Rule(
        .concert, "parity", .choice("none, even"), default: "none",
        "Of the till's port: none with 8 data bits (USB), even with 7.")
    case .acceptance:
      Rule(
        .concert, "accepts", .choice("approved, captured"), default: "approved",
        "What the till is told is accepted: what the register approved, or whatever was captured.")
    case .cardSeconds:
      Rule(
        .concert, "card_s", .number(1...3600), default: "60",
        "How long a card is waited for, in seconds.")
    default:
      Rule(
        .concert, "outcome_s", .number(1...600), default: "60",
        "How long the register may take to report the outcome, in seconds.")
    }
  }

  private var displayRule: Rule {
    switch self {
    case .displayPort:
      Rule(
        .display, "port", .path,
        "Serial port of the customer display; required in this section.")
    case .displayBaud: .baud(.display, default: "9600")
    case .commands:
      Rule(
        .display, "commands", .choice("esc-pos, cd5220"), default: "esc-pos",
        "Command set of the display.")
    case .characters:
      Rule(
        .display, "characters",
        .choice("ascii, pc437, pc850, pc858, windows-1252, katakana, gb2312, shift-jis"),
        default: "ascii",
        "Code page of the display; what it lacks is written in plain letters, or in English.")
    case .select:
      Rule(
        .display, "select", .octets(limit: 16),
        "Bytes that choose the code page, where the manuals' own are not the display's.")
    default:
      Rule(
        .display, "language", .choice("en, de, fr, es, zh, ja"), default: "en",
        "Language for customers who have not said theirs.")
    }
  }
}

extension Rule {
  fileprivate static func baud(_ section: Section, default fallback: StaticString) -> Rule {
    Rule(
      section, "baud", .choice("9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600"),
      default: fallback, "Bits per second, 8 data bits, no parity, 1 stop bit.")
  }

  fileprivate static func line(
    _ section: Section, _ name: StaticString, _ meaning: StaticString
  ) -> Rule {
    Rule(section, name, .line, meaning)
  }
}

extension Key {
  /// How many keys there are: their raw values count up from 0.
  public static var total: Int {
    var number: UInt8 = 0
    while Key(rawValue: number) != nil { number += 1 }
    return Int(number)
  }
}
