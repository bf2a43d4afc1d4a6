// Any bytes from a scanner: no trap, the same lines whatever the reads, no line with a byte that no
// code has; and any code is unknown, or keeps a content and a mask that shows six digits at most.

import Octets
import WalletCode

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  let whole = lines(bytes, readsOf: max(size, 1))
  precondition(whole == lines(bytes, readsOf: 1))
  for line in whole {
    precondition(!line.isEmpty && line.count <= ScannerLines.limit)
    precondition(line.allSatisfy { (0x20...0x7E).contains($0) })
    let code = Array(line[ScannedText(line.span).code])
    check(code)
  }
  check(bytes)
  // No chance guesses base64 and the first seven bytes.
  check(base64([0x85, 0x05] + Array("CPV01".utf8) + bytes))
  return 0
}

private func base64(_ bytes: [UInt8]) -> [UInt8] {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var text: [UInt8] = []
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = Array(bytes[start..<min(start + 3, bytes.count)])
    let bits = (0..<3).reduce(0) { $0 << 8 | ($1 < group.count ? Int(group[$1]) : 0) }
    for place in 0..<4 {
      text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : 0x3D)
    }
  }
  return text
}

private func lines(_ bytes: [UInt8], readsOf length: Int) -> [[UInt8]] {
  var scanner = ScannerLines()
  var found: [[UInt8]] = []
  for start in stride(from: 0, to: bytes.count, by: length) {
    let read = Array(bytes[start..<min(start + length, bytes.count)])
    var offset = 0
    while scanner.receive(read.span, from: &offset, now: Instant(nanoseconds: 0)) {
      found.append(scanner.withLine { span in span.indices.map { span[$0] } })
    }
    precondition(offset == read.count)
  }
  return found
}

private func check(_ code: [UInt8]) {
  var scanned = ScannedCode()
  do { try scanned.read(code.span) } catch {
    precondition(scanned.withContent { $0.count } == 0)
    return
  }
  precondition(scanned.match.wallet != .unknown && scanned.match.overlaps != scanned.match.wallet)
  if let consumer = scanned.consumer {
    let size = scanned.withContent { $0.count }
    for range in [consumer.accountNumber, consumer.track2, consumer.languages] {
      precondition((range?.upperBound ?? 0) <= size)
    }
  } else {
    precondition((16...32).contains(code.count))
  }
  var masked = Bytes<14>()
  do { try CodeMask.mask(code.span, leading: 6, trailing: 6, into: &masked) } catch {
    preconditionFailure("a mask has 14 characters at most")
  }
  precondition((0..<masked.count).filter { masked[$0] != UInt8(ascii: "*") }.count <= 6)
}
