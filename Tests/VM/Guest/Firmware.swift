// The firmware as the machine's child process, and what it wrote.

import CGuest
import CLinux
import Octets

struct Firmware: ~Copyable {
  static let log: StaticString = "/run/tillgate.log"
  private let process: Int32

  /// Starts `tillgate run` with one of the board files of Tests/VM/init.
  init(board: StaticString) {
    let words = [
      ("/bin/tillgate" as StaticString).pointer, ("run" as StaticString).pointer, board.pointer,
      nil,
    ]
    process = words.withUnsafeBufferPointer { guest_start($0.baseAddress, Self.log.pointer) }
  }

  var isRunning: Bool { process > 0 && guest_is_running(process) != 0 }

  /// Ends it; returns the exit code, or 128 and the signal.
  consuming func end(_ signal: Int32) -> Int32 { guest_end(process, signal) }

  static let terminate: Int32 = 15
  static let kill: Int32 = 9

  /// Kilobytes by /proc/PROCESS/status.
  func kilobytes(_ field: StaticString) -> Int {
    guest_status(process, field.pointer)
  }

  /// How many threads it has, and how many of them are outside of its seccomp filter.
  var threads: (all: Int, outside: Int) {
    var outside: Int32 = 0
    let all = guest_threads(process, &outside)
    return (Int(all), Int(outside))
  }

  /// The number behind `name=` in the last line that it wrote with `name=` in it; nil without one.
  static func number(_ name: StaticString, inLine start: StaticString) -> UInt64? {
    var found: UInt64?
    for line in lines() where has(line, start, at: 0) {
      for place in line.indices where has(line, name, at: place) {
        var value: UInt64 = 0
        for digit in line[(place + name.utf8CodeUnitCount)...] {
          guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { break }
          value = value * 10 + UInt64(digit - UInt8(ascii: "0"))
        }
        found = value
      }
    }
    return found
  }

  /// Whether it wrote `words` anywhere.
  static func said(_ words: StaticString) -> Bool {
    lines().contains { line in line.indices.contains { has(line, words, at: $0) } }
  }

  /// What it wrote, on the console, line by line.
  static func showLog() {
    for line in lines() {
      var text = TextLine("firmware: ")
      text.add(line.span)
      text.write(to: 1)
    }
  }

  private static func has(_ line: [UInt8], _ words: StaticString, at place: Int) -> Bool {
    let size = words.utf8CodeUnitCount
    guard place + size <= line.count else { return false }
    for index in 0..<size where line[place + index] != words.utf8Start[index] { return false }
    return true
  }

  private static func lines() -> [[UInt8]] {
    var mode: UInt32 = 0
    let file = tg_open_file(-1, log.utf8Start, &mode)
    guard file >= 0 else { return [] }
    defer { tg_close(file) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = part.withUnsafeMutableBytes { tg_read(file, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      bytes.append(contentsOf: part[..<count])
    }
    return bytes.split(separator: UInt8(ascii: "\n")).map { Array($0) }
  }
}

extension StaticString {
  /// As C wants it: literals end with a NUL.
  var pointer: UnsafePointer<CChar> {
    UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
