// What the doctor says, for people or for programs, each finding as soon as there is one.

import Doctor
import LinuxBoard
import Octets
import Profile

/// Prints findings and keeps count of how bad they are.
struct DoctorReport: ~Copyable {
  private let isForPrograms: Bool
  private let began = MonotonicClock.now()
  private var count = 0
  private var faults = 0
  private var warnings = 0

  /// `board`: nil when its file could not be read.
  init(isForPrograms: Bool, board: Text<33>?) {
    self.isForPrograms = isForPrograms
    guard isForPrograms else { return }
    var line = Line()
    line.add("{\"tillgate\":\"")
    line.add(version)
    line.add("\",\"board\":\"")
    if let board { board.withBytes { line.add(json: $0) } }
    line.add("\",\"findings\":[")
    line.print()
  }

  /// `object` is what the finding is about, such as a path; empty when the words say it all.
  mutating func add(_ finding: Finding, about object: borrowing Line = Line()) {
    if isForPrograms { printForPrograms(finding, object) } else { print(finding, object) }
    count += 1
    switch finding.level {
    case .good, .note: break
    case .warning: warnings += 1
    case .fault: faults += 1
    }
  }

  private func print(_ finding: Finding, _ object: borrowing Line) {
    var line = Line()
    line.add(finding.level.name, width: 9)
    line.add(finding.subject.name, width: 9)
    object.withBytes { bytes in
      line.add(bytes)
      if !bytes.isEmpty { line.add(" ") }
    }
    line.add(finding.words)
    line.add(finding)
    line.print()
    guard finding.remedy.utf8CodeUnitCount > 0 else { return }
    var remedy = Line()
    remedy.add("", width: 18)
    remedy.add("-> ")
    remedy.add(finding.remedy)
    remedy.print()
  }

  private func printForPrograms(_ finding: Finding, _ object: borrowing Line) {
    var line = Line()
    line.add(count == 0 ? "{\"check\":\"" : ",{\"check\":\"")
    line.add(finding.subject.name)
    line.add("\",\"level\":\"")
    line.add(finding.level.name)
    line.add("\",\"code\":\"")
    line.add(finding.code)
    object.withBytes { bytes in
      guard !bytes.isEmpty else { return }
      line.add("\",\"about\":\"")
      line.add(json: bytes)
    }
    line.add("\",\"text\":\"")
    line.add(finding.words)
    line.add(finding)
    line.add("\",\"do\":\"")
    line.add(finding.remedy)
    line.add("\"")
    if let amount = finding.amount {
      line.add(",\"amount\":")
      line.add(amount)
    }
    line.add("}")
    line.print()
  }

  /// Says how it went altogether; the exit code.
  consuming func end() -> Int32 {
    let milliseconds = (MonotonicClock.now() - began).nanoseconds / 1_000_000
    var line = Line()
    if isForPrograms {
      line.add("],\"faults\":")
      line.add(faults)
      line.add(",\"warnings\":")
      line.add(warnings)
      line.add(",\"milliseconds\":")
      line.add(milliseconds)
      line.add("}")
    } else {
      line.add(faults)
      line.add(faults == 1 ? " fault, " : " faults, ")
      line.add(warnings)
      line.add(warnings == 1 ? " warning; " : " warnings; ")
      line.add(milliseconds)
      line.add(" ms")
    }
    line.print()
    return faults > 0 ? Exit.failure : warnings > 0 ? Exit.warnings : Exit.success
  }
}

extension Level {
  fileprivate var name: StaticString {
    switch self {
    case .good: "ok"
    case .note: "note"
    case .warning: "warning"
    case .fault: "fault"
    }
  }
}

extension Line {
  /// Adds the finding's number, if it has one.
  fileprivate mutating func add(_ finding: Finding) {
    guard let amount = finding.amount else { return }
    add(" ")
    add(amount)
    guard finding.unit.utf8CodeUnitCount > 0 else { return }
    add(" ")
    add(finding.unit)
  }

  /// Adds `word` and blanks up to `width` characters.
  fileprivate mutating func add(_ word: StaticString, width: Int) {
    add(word)
    for _ in word.utf8CodeUnitCount..<max(width, word.utf8CodeUnitCount) { add(" ") }
  }

  /// Adds UTF-8 text as the inside of a JSON string.
  fileprivate mutating func add(json text: Span<UInt8>) {
    for index in text.indices {
      let byte = text[index]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        add("\\u00")
        add(hex: byte)
      } else {
        add(text.extracting(index..<(index + 1)))
      }
    }
  }
}
