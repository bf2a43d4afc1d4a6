// Any text as a merchant's payload: no trap, and from each that is taken one can be made for a
// payment, which is taken too and says its amount. The input also replaces a part of a good
// payload, and the CRC is set right: else nothing would pass.

import Octets
import WalletCode

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  _ = try? MerchantPayload(input.span)
  check(input)
  guard size > 2 else { return 0 }
  let (start, end) = (Int(data[0]) % good.count, Int(data[1]) % good.count)
  var changed = Array(good[..<min(start, end)])
  changed += input[2...]
  changed += good[max(start, end)...]
  check(changed)
  return 0
}

private let good = Array(
  "00020126080004ABCD5204411153039785405100005802FR5904SHOP6005PARIS62070103abc".utf8)

private func check(_ fields: [UInt8]) {
  var bytes = fields
  bytes += Array("6304".utf8)
  let crc = CRC16.of(bytes.span)
  bytes += (0..<4).map { Hex.digit(UInt8(truncatingIfNeeded: crc >> UInt16(12 - 4 * $0))) }
  guard let payload = try? MerchantPayload(bytes.span) else { return }
  var made = Bytes<512>()
  do throws(MerchantPayloadError) {
    try MerchantPayload.make(
      from: bytes.span, amount: 1250, currency: payload.currency, exponent: 2,
      reference: Array("R1".utf8).span, into: &made)
  } catch {
    // With its amount and reference it may be too long.
    precondition(error == .tooLong || error == .invalid(62))
    return
  }
  let text = (0..<made.count).map { made[$0] }
  guard let single = try? MerchantPayload(text.span), let amount = single.amount else {
    preconditionFailure("what was made is not taken")
  }
  precondition(single.isForOnePayment && Array(text[amount]) == Array("12.50".utf8))
}
