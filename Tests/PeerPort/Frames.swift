// `peerport frames`: frames hexadecimal contents (`e HEX`; `p HEX` with parity) and takes streams
// apart (`d HEX`; `r HEX` with parity), a line each.

import Foundation
import Link
import Octets

enum Frames {
  static func run() {
    while let line = readLine() {
      let words = line.split(separator: " ")
      guard let verb = words.first else { continue }
      let bytes = words.count > 1 ? unhex(words[1]) : []
      switch verb {
      case "e": print(encode(bytes, hasParity: false))
      case "p": print(encode(bytes, hasParity: true))
      case "d": print(decode(bytes))
      case "r": print(repair(bytes))
      default: print("?")
      }
      fflush(nil)
    }
  }

  private static func encode(_ content: [UInt8], hasParity: Bool) -> String {
    var frame = WireFrame()
    do { try encodeFrame(content.span, into: &frame) } catch { return "too long" }
    if hasParity { protect(&frame) }
    return frame.withBytes { span in hexText(span) }
  }

  private static func repair(_ stream: [UInt8]) -> String {
    var decoder = RepairingDecoder()
    var found: [String] = []
    for byte in stream where decoder.feed(byte) {
      found.append(decoder.withContent { hexText($0) })
    }
    found.append("repaired=\(decoder.counts.repaired) noise=\(decoder.counts.noise)")
    return found.joined(separator: " ")
  }

  private static func decode(_ stream: [UInt8]) -> String {
    var decoder = FrameDecoder()
    var found: [String] = []
    for byte in stream where decoder.feed(byte) {
      found.append(decoder.withContent { hexText($0) })
    }
    let counts = decoder.counts
    found.append("crc=\(counts.badCRC) cobs=\(counts.badCOBS) oversize=\(counts.oversize)")
    return found.joined(separator: " ")
  }

  static func unhex(_ text: Substring) -> [UInt8] {
    var bytes = Bytes<4096>()
    do { try Hex.decode(Array(text.utf8).span, into: &bytes) } catch { return [] }
    return bytes.withBytes { span in span.indices.map { span[$0] } }
  }

  static func hexText(_ span: Span<UInt8>) -> String {
    span.indices.map { String(format: "%02x", span[$0]) }.joined()
  }
}
