// What the suites share: hexadecimal and moments.

import Octets

@testable import Contactless

func octets(_ hex: String) -> [UInt8] {
  let digits = hex.utf8.compactMap { Hex.value($0) }
  precondition(digits.count % 2 == 0, hex)
  return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

func hex(_ bytes: [UInt8]) -> String {
  String(decoding: bytes.flatMap { [Hex.digit($0 >> 4), Hex.digit($0)] }, as: UTF8.self)
}

extension Bytes {
  var array: [UInt8] { (0..<count).map { self[$0] } }
}

extension CardSession {
  var sent: [UInt8] { command.array }

  mutating func answer(hex text: String) -> Step {
    let bytes = octets(text)
    return answer(bytes.span)
  }

  func value(_ tag: UInt32) -> String? {
    data.with(tag) { span in span.indices.map { span[$0] } }.map(hex)
  }
}

func at(_ milliseconds: Int64) -> Instant {
  Instant(nanoseconds: 1_000_000_000) + .milliseconds(milliseconds)
}

let ack = octets("0000FF00FF00")
let nack = octets("0000FFFF0000")
