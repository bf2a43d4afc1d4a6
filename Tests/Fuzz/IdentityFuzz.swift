// Any bytes as card number, expiry and service code: no trap, never more digits than the policy
// shows, and a scheme that depends on the first six digits only.

import Identity
import Octets

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  guard size > 2 else { return 0 }
  let (leading, trailing) = (Int(data[0] % 9) - 1, Int(data[1] % 7) - 1)
  let text = Array(UnsafeBufferPointer(start: data + 2, count: size - 2))
  checkMask(text, leading, trailing)
  let match = SchemeMatch(pan: text.span)
  let prefix = Array(text.prefix(6))
  precondition(match.scheme == SchemeMatch(pan: prefix.span).scheme)
  precondition(match.overlaps != match.scheme)
  if PAN.passesLuhn(text.span) { precondition(PAN.isWellFormed(text.span)) }
  if let expiry = try? Expiry(text.span) {
    precondition((1950...2049).contains(expiry.year) && (1...12).contains(expiry.month))
  }
  precondition(ServiceCode(text.span) == nil || text.count == 3)
  return 0
}

private func checkMask(_ text: [UInt8], _ leading: Int, _ trailing: Int) {
  guard let policy = MaskPolicy(leading: leading, trailing: trailing) else {
    precondition(!(0...6).contains(leading) || !(0...4).contains(trailing))
    return
  }
  var masked = Bytes<64>()
  do { try policy.mask(text.span, into: &masked) } catch {
    precondition(text.count > 64)
    return
  }
  let stars = (0..<masked.count).filter { masked[$0] == UInt8(ascii: "*") }.count
  precondition(masked.count == text.count)
  precondition(stars >= min(5, text.count) && masked.count - stars <= leading + trailing)
}
