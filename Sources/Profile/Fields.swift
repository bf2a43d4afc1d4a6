// Which field of the profile each key sets.

import Octets

extension BoardProfile {
  /// `number` is what the key's shape read from `text`.
  mutating func set(_ key: Key, to number: Int, _ text: Span<UInt8>) {
    switch key {
    case .name: name = Text(text)
    case .model: model = Text(text)
    case .chip: chip = Text(text)
    case .directory: storage = Text(text)
    case .tapPort, .tapBaud, .country, .category, .qualifiers, .capabilities, .floorLimit,
      .verificationLimit, .tapLimit, .tags, .applications:
      contactless.set(key, to: number, text)
    case .port: register.port = Text(text)
    case .baud: register.baud = Self.number(text)
    case .button: button = Self.line(number, text)
    case .buttonActive: isButtonActiveLow = number == 0
    case .leadingDigits: masking.leadingDigits = number
    case .trailingDigits: masking.trailingDigits = number
    case .keepRecords: retention.records = number
    case .keepDays: retention.days = number
    case .reserve: retention.reserveMegabytes = number
    case .tick, .release, .priority, .capturePriority, .processor: loop.set(key, to: number)
    case .stream: stripe.stream = Text(text)
    case .kind, .source, .silence, .bias: stripe.set(key, to: number)
    case .flux1, .flux2, .flux3, .strobe1, .data1, .strobe2, .data2, .strobe3, .data3,
      .cardPresent:
      stripe.set(key, line: Self.line(number, text))
    case .ready: indicators.ready = Self.line(number, text)
    case .reading: indicators.reading = Self.line(number, text)
    case .ok: indicators.ok = Self.line(number, text)
    case .error: indicators.error = Self.line(number, text)
    case .tone: indicators.tone = Self.line(number, text)
    case .active: indicators.isActiveLow = number == 1
    case .watcherPort: watcher.port = Text(text)
    case .watcherBaud: watcher.baud = Self.number(text)
    case .scannerPort: scanner.port = Text(text)
    case .scannerBaud: scanner.baud = Self.number(text)
    case .displayPort: display.device.port = Text(text)
    case .displayBaud: display.device.baud = Self.number(text)
    case .commands: display.commands = number
    case .characters: display.characters = number
    case .language: display.language = number
    case .select: display.select = Text(text)
    case .concertPort: concert.device.port = Text(text)
    case .concertBaud: concert.device.baud = Self.number(text)
    case .parity: concert.parity = number
    case .acceptance: concert.acceptance = number
    case .cardSeconds: concert.cardSeconds = number
    case .outcomeSeconds: concert.outcomeSeconds = number
    }
  }

  private static func line(_ number: Int, _ text: Span<UInt8>) -> GPIOLine {
    number == Shape.asText ? .named(Text(text)) : .offset(UInt32(number))
  }

  /// The number that a choice of digits spells.
  static func number(_ digits: Span<UInt8>) -> Int {
    var number = 0
    for index in digits.indices { number = number * 10 + Int(digits[index] - UInt8(ascii: "0")) }
    return number
  }
}

extension BoardProfile.Loop {
  fileprivate mutating func set(_ key: Key, to number: Int) {
    switch key {
    case .tick: tick = .microseconds(Int64(number))
    case .release: release = .milliseconds(Int64(number))
    case .priority: priority = number
    case .capturePriority: capturePriority = number
    default: processor = number == Shape.asText ? nil : number
    }
  }
}

extension BoardProfile.Contactless {
  fileprivate mutating func set(_ key: Key, to number: Int, _ text: Span<UInt8>) {
    switch key {
    case .tapPort: port = Text(text)
    case .tapBaud: fastest = BoardProfile.number(text)
    case .country: country = number
    case .category: category = number
    case .qualifiers: qualifiers = Text(text)
    case .capabilities: capabilities = Text(text)
    case .floorLimit: floorLimit = number
    case .verificationLimit: verificationLimit = number
    case .tapLimit: tapLimit = number == Shape.asText ? nil : number
    case .tags: tags = Text(text)
    default: applications = Text(text)
    }
  }
}

extension BoardProfile.Stripe {
  fileprivate mutating func set(_ key: Key, to number: Int) {
    switch key {
    case .kind: kind = Kind(rawValue: number) ?? kind
    case .source: source = Source(rawValue: number) ?? source
    case .bias: bias = Bias(rawValue: number) ?? bias
    default: silence = .milliseconds(Int64(number))
    }
  }

  fileprivate mutating func set(_ key: Key, line: GPIOLine) {
    switch key {
    case .flux1: flux[0] = line
    case .flux2: flux[1] = line
    case .flux3: flux[2] = line
    case .strobe1: strobe[0] = line
    case .data1: data[0] = line
    case .strobe2: strobe[1] = line
    case .data2: data[1] = line
    case .strobe3: strobe[2] = line
    case .data3: data[2] = line
    default: cardPresent = line
    }
  }
}
