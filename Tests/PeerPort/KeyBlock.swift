// TR-31 key blocks for the peer tests: opens blocks as `keys load` does, and makes some.

import Foundation
import Octets
import Simulator
import Vault

/// `keyblock open BLOCK PROTECTION-KEY`: prints `ALGORITHM KSN CHECK-VALUE`, or `refused: …`.
/// `keyblock wrap KSN PROTECTION-KEY`: prints the block of the test host's initial key for KSN.
func keyBlockPeer(_ words: [String]) throws {
  switch words.first {
  case "open":
    var key = InitialKey()
    do throws(KeyBlockError) {
      try key.open(Array(words[1].utf8).span, protectionKey: bytes(words[2]).span)
      let serial = key.serial!
      let ksn = serial.withBytes { text($0) }
      let checkValue = key.checkValue!.withBytes { text($0) }
      print("\(serial.algorithm) \(ksn) \(checkValue)")
    } catch {
      print("refused: \(error.problem) at \(error.offset)")
    }
  case "wrap":
    let algorithm: KeyAlgorithm = words[1].count == 20 ? .tdes : .aes128
    let serial = KeySerialNumber(bytes(words[1]).span, algorithm: algorithm)!
    let padding = (0..<16).map { _ in UInt8.random(in: 0...255) }
    var block = Bytes<512>()
    AcquirerHost.test(algorithm).keyBlock(
      serial, protectionKey: bytes(words[2]).span, padding: padding.span, into: &block)
    print(
      block.withBytes { block in
        String(decoding: block.indices.map { block[$0] }, as: UTF8.self)
      })
  default: fatalError("keyblock open|wrap")
  }
}
