// What the values of a board file must be to each other.

import Octets

extension ProfileParser {
  mutating func checkRelations(_ report: BoardProfile.Report) {
    checkTimes(report)
    checkHead(report)
    checkLines(report)
    checkPorts(report)
  }

  private mutating func report(
    _ literal: StaticString, at line: Int, _ report: BoardProfile.Report
  ) {
    var message = Message()
    message.add(literal)
    self.report(at: line, message, to: report)
  }

  private mutating func checkTimes(_ report: BoardProfile.Report) {
    let loop = profile.loop
    let areTimesRead = !isFaulty(.tick) && !isFaulty(.release) && !isFaulty(.silence)
    if areTimesRead, !(profile.stripe.silence + loop.tick < loop.release) {
      self.report(
        "silence_ms and one tick_us do not end before release_ms; allowed: their sum below it",
        at: max(line(of: .silence), max(line(of: .tick), line(of: .release))), report)
    }
    let arePrioritiesRead = !isFaulty(.priority) && !isFaulty(.capturePriority)
    if arePrioritiesRead, loop.capturePriority <= loop.priority {
      self.report(
        "capture_priority is not above priority; allowed: a higher one",
        at: max(line(of: .capturePriority), line(of: .priority)), report)
    }
  }

  /// Every line of the head belongs to its kind and source, and no track is half wired.
  private mutating func checkHead(_ report: BoardProfile.Report) {
    guard isRead(.kind), isRead(.source) else { return }
    switch profile.stripe.source {
    case .stream:
      if !isGiven(.stream) { reportMissing(.stream, report) }
      reportMisplaced(.flux1, through: .cardPresent, "is only for source = gpio", report)
      reportMisplaced(.bias, through: .bias, "is only for source = gpio", report)
    case .gpio:
      reportMisplaced(.stream, through: .stream, "is only for source = stream", report)
      switch profile.stripe.kind {
      case .f2f:
        reportMisplaced(.strobe1, through: .cardPresent, "is only for kind = clock-data", report)
        if !isGiven(.flux1), !isGiven(.flux2), !isGiven(.flux3) {
          self.report(
            "no track has a line; allowed: track1, track2, track3", at: line(of: .kind), report)
        }
      case .clockData: checkClockData(report)
      }
    }
  }

  private mutating func checkClockData(_ report: BoardProfile.Report) {
    reportMisplaced(.flux1, through: .flux3, "is only for kind = f2f", report)
    var tracks = 0
    for index in UInt8(0)..<3 {
      guard let strobe = Key(rawValue: Key.strobe1.rawValue + 2 * index),
        let data = Key(rawValue: Key.data1.rawValue + 2 * index)
      else { continue }
      tracks += isGiven(strobe) ? 1 : 0
      if isGiven(strobe), !isGiven(data) { reportMissing(data, report) }
      if isGiven(data), !isGiven(strobe) { reportMissing(strobe, report) }
    }
    if tracks == 0, !isGiven(.data1), !isGiven(.data2), !isGiven(.data3) {
      self.report(
        "no track has lines; allowed: trackN.strobe with trackN.data, N from 1 to 3",
        at: line(of: .kind), report)
    }
  }

  private mutating func reportMisplaced(
    _ first: Key, through last: Key, _ reason: StaticString, _ report: BoardProfile.Report
  ) {
    for index in first.rawValue...last.rawValue {
      guard let key = Key(rawValue: index), isGiven(key) else { continue }
      var message = Message()
      message.add(key)
      message.add(" ")
      message.add(reason)
      message.add("; allowed: to leave it out")
      self.report(at: line(of: key), message, to: report)
    }
  }

  /// Lines need their chip, and each has one role.
  private mutating func checkLines(_ report: BoardProfile.Report) {
    var used = false
    for index in 0..<UInt8(Key.total) {
      guard let key = Key(rawValue: index), let wire = profile.line(of: key) else { continue }
      used = true
      for earlier in 0..<index {
        guard let other = Key(rawValue: earlier), profile.line(of: other) == wire else {
          continue
        }
        reportShared(key, other, report)
        break
      }
    }
    if used, !isGiven(.chip) { reportMissing(.chip, report) }
  }

  private mutating func reportShared(
    _ key: Key, _ other: Key, _ report: BoardProfile.Report
  ) {
    let isLater = line(of: key) > line(of: other)
    let (later, sooner) = isLater ? (key, other) : (other, key)
    var message = Message()
    message.add(later)
    message.add(" is the same GPIO line as ")
    message.add(sooner)
    message.add(" in line ")
    message.add(line(of: sooner))
    message.add("; allowed: one role for each")
    self.report(at: line(of: later), message, to: report)
  }

  /// A path is one port; a section of a device names its port.
  private mutating func checkPorts(_ report: BoardProfile.Report) {
    let ports: [7 of Key] = [
      .port, .stream, .tapPort, .scannerPort, .displayPort, .watcherPort, .concertPort,
    ]
    for index in ports.indices {
      let key = ports[index]
      if !isGiven(key), line(of: key.rule.section) != 0, key != .stream, key != .port {
        reportMissing(key, report)
      }
      for earlier in 0..<index where isRead(key) && isRead(ports[earlier]) {
        guard profile.path(of: key) == profile.path(of: ports[earlier]) else { continue }
        reportSamePath(key, ports[earlier], report)
      }
    }
  }

  private mutating func reportSamePath(
    _ key: Key, _ other: Key, _ report: BoardProfile.Report
  ) {
    var message = Message()
    message.add(key == .stream ? other : key)
    message.add(" of ")
    message.add((key == .stream ? other : key).rule.section)
    message.add(" and ")
    message.add(key == .stream ? key : other)
    message.add(" of ")
    message.add((key == .stream ? key : other).rule.section)
    message.add(" are the same; allowed: a path of its own")
    self.report(at: max(line(of: key), line(of: other)), message, to: report)
  }
}

extension ProfileParser {
}

extension BoardProfile {
  /// The path of a port or stream.
  fileprivate func path(of key: Key) -> Path {
    switch key {
    case .stream: stripe.stream
    case .tapPort: contactless.port
    case .scannerPort: scanner.port
    case .watcherPort: watcher.port
    case .displayPort: display.device.port
    case .concertPort: concert.device.port
    default: register.port
    }
  }

  /// The line that `key` names, if it names one.
  fileprivate func line(of key: Key) -> GPIOLine? {
    switch key {
    case .flux1: stripe.flux[0]
    case .flux2: stripe.flux[1]
    case .flux3: stripe.flux[2]
    case .strobe1: stripe.strobe[0]
    case .data1: stripe.data[0]
    case .strobe2: stripe.strobe[1]
    case .data2: stripe.data[1]
    case .strobe3: stripe.strobe[2]
    case .data3: stripe.data[2]
    case .cardPresent: stripe.cardPresent
    case .button: button
    case .ready: indicators.ready
    case .reading: indicators.reading
    case .ok: indicators.ok
    case .error: indicators.error
    case .tone: indicators.tone
    default: nil
    }
  }
}
