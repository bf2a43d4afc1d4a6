// The real firmware as a child process, with what it says kept for the verdict.

import Foundation
import Synchronization

/// A running `tillgate`.
final class Program: Sendable {
  private let process: Process
  private let output: Lines

  /// Starts `path` with `arguments` in `folder`.
  init(
    _ path: String, _ arguments: [String], in folder: String,
    _ environment: [String: String] = [:]
  ) throws {
    process = .ending(withUs: path, arguments)
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    let output = Lines()
    self.output = output
    pipe.fileHandleForReading.readabilityHandler = { handle in
      let data = handle.availableData
      if data.isEmpty { handle.readabilityHandler = nil } else { output.append(data) }
    }
    try process.run()
  }

  var identifier: Int32 { process.processIdentifier }
  var isRunning: Bool { process.isRunning }
  /// Everything the program has written so far.
  var said: String { output.text }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Waits until a line contains `words`; nil when the program ends or `seconds` pass first.
  func line(containing words: String, within seconds: Double = 10) -> String? {
    let deadline = Date().addingTimeInterval(seconds)
    while Date() < deadline {
      if let line = said.split(separator: "\n").last(where: { $0.contains(words) }) {
        return String(line)
      }
      if !process.isRunning { usleep(50_000) }
      usleep(1_000)
    }
    return nil
  }

  /// Asks the program to stop, waits for it and returns its exit code.
  func stop() -> Int32 {
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
    usleep(20_000)
    return process.terminationStatus
  }

  /// Lets it end by itself, or stops it after so many seconds; returns its exit code.
  func finish(within seconds: Double = 10) -> Int32 {
    let deadline = Date().addingTimeInterval(seconds)
    while process.isRunning, Date() < deadline { usleep(10_000) }
    return stop()
  }

  /// Runs `path` to its end; returns its exit code and all it wrote.
  static func run(_ path: String, _ arguments: [String], in folder: String) throws
    -> (status: Int32, said: String)
  {
    let process = Process.ending(withUs: path, arguments)
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}

extension Process {
  /// A program that the kernel kills when we end, however we end: one that outlived us would read
  /// from the next run's terminals, which get the same names. To be started by a thread that stays.
  fileprivate static func ending(withUs path: String, _ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
    // The child starts in another folder.
    let absolute = URL(fileURLWithPath: path).path
    process.arguments = ["--pdeathsig", "KILL", "--", absolute] + arguments
    return process
  }
}

/// Bytes that a reader thread collects.
private final class Lines: Sendable {
  private let data = Mutex(Data())
  func append(_ more: Data) { data.withLock { $0.append(more) } }
  var text: String { data.withLock { String(decoding: $0, as: UTF8.self) } }
}
