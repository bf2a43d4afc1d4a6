// A customer display without hardware: two lines of twenty columns that do what Epson's commands
// for them say, on a pseudoterminal.

import Foundation
import Glibc
import Synchronization

/// Two lines, as an Epson display in overwrite mode has them.
struct DisplayLines {
  private static let columns = 20
  private var cells = [[UInt8]](repeating: [UInt8](repeating: 0x20, count: columns), count: 2)
  private var column = 0
  private var row = 0
  /// A command's bytes so far.
  private var command: [UInt8] = []
  /// Bytes that no command began with: a display would show rubbish.
  private(set) var strangers = 0

  /// What can be read, blanks at both ends left out; bytes are Windows-1252.
  var text: [String] {
    cells.map { cells in
      let line = String(bytes: cells, encoding: .windowsCP1252) ?? "?"
      return line.trimmingCharacters(in: .whitespaces)
    }
  }

  mutating func take(_ byte: UInt8) {
    guard !command.isEmpty || byte < 0x20 else { return put(byte) }
    command.append(byte)
    switch (command[0], command.count > 1 ? command[1] : 0, command.count) {
    case (0x1B, UInt8(ascii: "@"), 2):
      self = DisplayLines()
    // Overwrite mode; the cursor's sight; the code page, of which there is one.
    case (0x1F, 0x01, 2), (0x1F, UInt8(ascii: "C"), 3), (0x1B, UInt8(ascii: "t"), 3):
      command = []
    case (0x1F, UInt8(ascii: "$"), 4): move(to: command[2], command[3])
    case (0x1B, _, 1), (0x1F, _, 1), (0x1F, UInt8(ascii: "$"), ..<4), (0x1F, UInt8(ascii: "C"), 2),
      (0x1B, UInt8(ascii: "t"), 2):
      break
    default:
      strangers += 1
      command = []
    }
  }

  private mutating func move(to column: UInt8, _ row: UInt8) {
    command = []
    guard (1...20).contains(column), (1...2).contains(row) else {
      strangers += 1
      return
    }
    self.column = Int(column) - 1
    self.row = Int(row) - 1
  }

  private mutating func put(_ byte: UInt8) {
    cells[row][column] = byte
    column += 1
    guard column == Self.columns else { return }
    column = 0
    row = 1 - row
  }
}

final class VirtualDisplay: @unchecked Sendable {
  let line: Pseudoterminal
  private let lines = Mutex(DisplayLines())
  private let isStopping = Atomic(false)

  init() throws {
    line = try Pseudoterminal()
    let thread = Thread { [self] in run() }
    thread.stackSize = 1 << 19
    thread.start()
  }

  func stop() { isStopping.store(true, ordering: .relaxed) }

  /// What the customer reads now.
  var text: [String] { lines.withLock { $0.text } }
  var strangers: Int { lines.withLock { $0.strangers } }

  /// Waits until the upper line begins like this; false when half a second passes first.
  func shows(_ beginning: String) -> Bool {
    for _ in 0..<500 {
      if text[0].hasPrefix(beginning) { return true }
      usleep(1_000)
    }
    return false
  }

  private func run() {
    var bytes = [UInt8](repeating: 0, count: 256)
    while !isStopping.load(ordering: .relaxed) {
      var wanted = pollfd(fd: line.descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&wanted, 1, 50) > 0 else { continue }
      let count = read(line.descriptor, &bytes, bytes.count)
      guard count > 0 else { continue }
      let received = bytes[..<count]
      lines.withLock { lines in for byte in received { lines.take(byte) } }
    }
  }
}
