// What the suites of scanned codes share.

import Octets
import WalletCode

/// The example that EMVCo publishes with its consumer-presented mode; its card is a test card.
let consumerSample =
  "hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0MmJJWggSNFZ4kBI0WF8gDkNBUkRI"
  + "T0xERVIvRU1WXy0IcnVlc2RlZW5kIZ8QBwYBCgMAAACfJghYT9OF+iNLzJ82AgABnzcEbVjvEw=="

/// The example of Merchant-Presented Mode, annex B.
let merchantSample =
  "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN"
  + "5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.725303156550201623303041"
  + "2340603***0708A60086670902ME91320016A0112233449988770708123456786304A13A"

func content<let capacity: Int>(_ bytes: borrowing Bytes<capacity>) -> [UInt8] {
  (0..<bytes.count).map { bytes[$0] }
}

func text(_ bytes: Span<UInt8>) -> String {
  String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
}

func at(_ milliseconds: Int64) -> Instant {
  Instant(nanoseconds: 1_000_000_000_000) + .milliseconds(milliseconds)
}

/// BER-TLV with one-byte lengths.
func tlv(_ tag: [UInt8], _ value: [UInt8]) -> [UInt8] { tag + [UInt8(value.count)] + value }
