// How the tests read board files: text in, profile or mistakes out.

import Foundation
import Octets

@testable import Profile

/// The root of the repository.
let repository = URL(filePath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// Every mistake in `text` as `LINE: message`, in the order in which they are reported. Runs `body`
/// on the profile if there is one.
@discardableResult
func read(_ bytes: [UInt8], _ body: (BoardProfile) -> Void = { _ in }) -> [String] {
  var mistakes: [String] = []
  let profile = BoardProfile.parse(bytes.span) { line, message in
    mistakes.append("\(line): \(string(message))")
  }
  if let profile { body(profile) }
  return mistakes
}

@discardableResult
func read(_ text: String, _ body: (BoardProfile) -> Void = { _ in }) -> [String] {
  read(Array(text.utf8), body)
}

func string(_ bytes: Span<UInt8>) -> String {
  String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
}

/// A good board file whose lines tests replace.
let goodBoard = """
  [board]
  name = bench-1
  model = Bench
  [loop]
  tick_us = 500
  release_ms = 12
  priority = 30
  capture_priority = 31
  cpu = 3
  [gpio]
  chip = pinctrl-test
  [stripe]
  kind = f2f
  source = gpio
  track1 = 4
  track2 = 0
  silence_ms = 7
  bias = pull-down
  [register]
  port = /dev/ttyTEST
  baud = 921600
  [indicators]
  ready = 10
  error = 1023
  tone = 26
  active = low
  [storage]
  directory = /state
  [card]
  leading_digits = 0
  trailing_digits = 2
  """

/// `goodBoard` with the line that starts with `key` replaced; several lines may take its place.
func board(_ key: String, _ replacement: String) -> String {
  let lines = goodBoard.split(separator: "\n").map {
    $0.hasPrefix(key + " =") || $0 == key ? Substring(replacement) : $0
  }
  return lines.joined(separator: "\n")
}
