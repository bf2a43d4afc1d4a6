// Every finding of the doctor has its facts, its level and something to do; words that programs
// read need no escaping.

import Testing

@testable import Doctor

/// What a judge said, as `level code` a line.
private func said(_ judge: ((Finding) -> Void) -> Void) -> [String] {
  var lines: [String] = []
  judge { finding in
    lines.append("\(finding.level) \(finding.code)")
    for text in [finding.code, finding.words, finding.unit, finding.remedy] {
      let harmless = text.description.utf8.allSatisfy { byte in
        (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
      }
      #expect(harmless, "\(text)")
    }
    let isBad = finding.level == .warning || finding.level == .fault
    #expect(
      !isBad || !finding.remedy.description.isEmpty || finding.amount != nil, "\(finding.code)")
  }
  return lines
}

@Suite("The doctor judges the system:")
struct SystemJudgementTests {
  @Test("a kernel with everything")
  func goodKernel() {
    var facts = KernelFacts()
    facts.hasSeccomp = true
    facts.landlockVersion = 4
    facts.isRealTime = true
    #expect(said(facts.judge) == ["good kernel.preemption", "good walls"])
  }

  @Test("a kernel with nothing")
  func poorKernel() {
    #expect(
      said(KernelFacts().judge) == [
        "note kernel.preemption", "warning walls.seccomp", "warning walls.landlock",
      ])
  }

  @Test("limits, each at its edge")
  func limits() {
    var facts = LimitFacts()
    facts.wantedRank = 50
    facts.rank = 50
    facts.lockable = 64 << 20
    #expect(said(facts.judge) == ["good limits"])
    facts.rank = 49
    #expect(said(facts.judge) == ["warning limits.rank"])
    facts.lockable -= 1
    #expect(said(facts.judge) == ["warning limits.rank", "warning limits.memory"])
    facts.isStarved = true
    facts.savesPower = true
    #expect(
      said(facts.judge).suffix(2) == ["fault limits.starved", "warning limits.power"])
  }

  @Test("the computer", arguments: [(true, "good"), (false, "warning"), (nil, "note")])
  func board(isThatModel: Bool?, level: String) {
    var facts = BoardFacts()
    facts.isThatModel = isThatModel
    #expect(said(facts.judge) == ["\(level) board.model"])
  }

  @Test("clocks")
  func clocks() {
    var facts = ClockFacts()
    facts.resolutionNanoseconds = 1
    facts.unixMilliseconds = 1_800_000_000_000
    facts.isSynchronised = true
    facts.tickNanoseconds = 1_000_000
    facts.medianLateness = 500_000
    #expect(said(facts.judge) == ["good clock.lateness"])
    facts.medianLateness = 500_001
    facts.worstLateness = 1_000_001
    #expect(said(facts.judge) == ["warning clock.lateness", "note clock.worst"])
    facts.isSynchronised = false
    #expect(said(facts.judge).first == "note clock.free")
    facts.unixMilliseconds = 1_000
    #expect(said(facts.judge).first == "warning clock.unset")
    facts.resolutionNanoseconds = 4_000_000
    #expect(said(facts.judge).first == "fault clock.resolution")
  }
}

@Suite("The doctor judges the wires:")
struct DeviceJudgementTests {
  @Test(
    "a chip",
    arguments: [
      (nil, "good chip"), (2, "fault chip.missing"), (13, "fault chip.denied"),
      (5, "fault chip.refused"),
    ] as [(Int32?, String)])
  func chip(errno: Int32?, line: String) {
    var facts = ChipFacts()
    facts.refusal = errno.map(Refusal.init(errno:))
    #expect(said(facts.judge) == [line])
  }

  @Test("lines")
  func lines() {
    var facts = LineFacts()
    #expect(facts.finding == nil)
    facts.holder = .tillgate
    #expect(facts.finding == nil)
    facts.holder = .another
    #expect(facts.finding?.code.description == "lines.taken")
    facts.refusal = .missing
    #expect(facts.finding?.code.description == "lines.missing")
    #expect(LineFacts.good(3).amount == 3)
  }

  @Test("a port that is not there, or none")
  func noPort() {
    var facts = PortFacts()
    #expect(said(facts.judge) == ["fault port.kind"])
    facts.refusal = .missing
    #expect(said(facts.judge) == ["fault port.missing"])
    facts.refusal = .other(errno: 5)
    #expect(said(facts.judge) == ["fault port.refused"])
  }

  @Test("a port with everything wrong at once")
  func poorPort() {
    var facts = PortFacts()
    facts.isPort = true
    #expect(said(facts.judge) == ["good port"])
    facts.refusal = .denied
    facts.isConsole = true
    facts.isMiniUART = true
    #expect(
      said(facts.judge) == ["fault port.denied", "fault port.console", "warning port.mini-uart"])
  }
}

@Suite("The doctor judges what is kept:")
struct StoreJudgementTests {
  @Test("a disk")
  func disk() {
    var facts = DiskFacts()
    facts.freeBytes = 64 << 20
    facts.medianFlush = 2_000_000
    facts.worstFlush = 1_000_000_000
    #expect(said(facts.judge) == ["good disk.space", "good disk.flush"])
    facts.freeBytes -= 1
    facts.worstFlush += 1
    #expect(said(facts.judge) == ["warning disk.space", "warning disk.flush"])
    facts.freeBytes = (4 << 20) - 1
    facts.medianFlush = nil
    #expect(said(facts.judge) == ["fault disk.space", "fault disk.flush"])
    facts.isReadOnly = true
    #expect(said(facts.judge) == ["fault disk.read-only"])
  }

  @Test(
    "a cut test",
    arguments: [(nil, "fault"), (9, "fault"), (10, "good"), (11, "good")] as [(UInt64?, String)])
  func cut(kept: UInt64?, level: String) {
    var facts = CutFacts()
    facts.promised = 10
    facts.kept = kept
    #expect(said(facts.judge) == ["\(level) disk.cut"])
  }

  @Test("keys", arguments: [(0, "fault"), (999, "warning"), (1_000, "good")] as [(UInt64, String)])
  func keys(left: UInt64, level: String) {
    var facts = KeyFacts()
    facts.keysLeft = left
    #expect(said(facts.judge) == ["\(level) keys.left"])
    facts.hasKeyFile = true
    #expect(said(facts.judge).last == "note keys.device-key")
  }

  @Test("a link that is as it should be, and one that is not")
  func link() {
    var facts = LinkFacts()
    facts.frames = 1_100
    facts.noise = 11
    facts.releases = 100
    facts.late = 1
    #expect(said(facts.judge) == ["good link"])
    facts.noise = 12
    facts.forged = 1
    facts.replayed = 11
    facts.late = 2
    #expect(
      said(facts.judge) == [
        "warning link.noise", "fault link.forged", "warning link.replayed", "warning link.late",
      ])
    #expect(said(LinkFacts().judge) == ["warning link.silent"])
    // No count is too large to be judged.
    facts.noise = .max
    facts.late = .max
    #expect(said(facts.judge).contains("warning link.noise"))
    #expect(LinkFacts.unknown.level == .note)
  }
}
