// `bench magstripe decode`: what is in a recording, and why it could not be read.

import ArgumentParser
import Captures
import Foundation
import Magstripe

extension CaptureFormat: ExpressibleByArgument {}

struct DecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode", abstract: "Explain a recording: docs/TESTING.md describes the formats.",
    discussion: "Card data are masked. Exits with 0 if a track is good, 1 if none is, 2 if the "
      + "file is no recording.")

  @Argument(help: "The recording; - is the standard input.")
  var file: String
  @Option(help: "times, columns, bits or stream; found out if not given.")
  var format: CaptureFormat?
  @Option(help: "The track of a line or of bits that name none: 1, 2 or 3.")
  var track: UInt8?
  @Option(help: "What lines are, as NAME=PART,…: flux2, strobe2, data2, present.")
  var lines: String?
  @Flag(help: "As JSON.")
  var json = false
  @Flag(help: "Show card data. For test cards only: what is printed here is pasted elsewhere.")
  var showData = false

  func validate() throws {
    if let track, StripeTrack(rawValue: track) == nil {
      throw ValidationError("--track is 1, 2 or 3")
    }
    _ = try parts()
  }

  private func parts() throws -> [String: CaptureLine] {
    var parts: [String: CaptureLine] = [:]
    for pair in lines?.split(separator: ",") ?? [] {
      let sides = pair.split(separator: "=").map { $0.trimmingCharacters(in: .whitespaces) }
      guard sides.count == 2, let line = CaptureLine(named: sides[1]) else {
        throw ValidationError(
          "--lines: '\(pair)' is not NAME=PART with flux2, strobe2, data2 or present")
      }
      parts[sides[0].lowercased()] = line
    }
    return parts
  }

  func run() throws {
    var options = CaptureOptions()
    options.format = format
    options.track = track.flatMap { StripeTrack(rawValue: $0) }
    options.lines = try parts()
    let report: CaptureReport
    do {
      let capture = try Capture(try content(), options)
      report = CaptureReport(capture, CaptureReading(capture), showsData: showData)
    } catch let error as CaptureError {
      FileHandle.standardError.write(Data("\(file): \(error)\n".utf8))
      throw ExitCode(2)
    }
    print(json ? try Self.json(report) : report.text)
    if !report.hasGoodTrack { throw ExitCode(1) }
  }

  /// One byte more than a capture may have is enough to see that it is too large.
  private func content() throws -> [UInt8] {
    let handle: FileHandle
    if file == "-" {
      handle = .standardInput
    } else if let opened = FileHandle(forReadingAtPath: file) {
      handle = opened
    } else {
      throw CaptureError(.file, "cannot be opened")
    }
    var bytes: [UInt8] = []
    do {
      while bytes.count <= CaptureLimit.bytes, let part = try handle.read(upToCount: 1 << 20),
        !part.isEmpty
      {
        bytes += part
      }
    } catch {
      throw CaptureError(.file, "cannot be read")
    }
    return bytes
  }

  private static func json(_ report: CaptureReport) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return String(decoding: try encoder.encode(report), as: UTF8.self)
  }
}
