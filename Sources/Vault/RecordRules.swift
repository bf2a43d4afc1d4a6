// What must hold of a record beyond the shape of its CBOR. Checked before encoding and after
// decoding, so that neither side ever passes on a record that the other would refuse.

import Octets

extension Record {
  borrowing func check() throws(RecordError) {
    guard origin.count == 16 else { throw .invalid(.origin) }
    guard !reference.isEmpty, reference.isPrintable else { throw .invalid(.reference) }
    guard amount.currency <= 999, amount.exponent <= 4 else { throw .invalid(.amount) }
    guard maskedPAN.isEmpty || maskedPAN.isMasked else { throw .invalid(.maskedPAN) }
    guard schemeRule.isPrintable, schemeRule.isEmpty == (scheme == nil),
      scheme != nil || schemeOverlap == nil
    else { throw .invalid(.scheme) }
    guard expiry.isAbsentOrDigits else { throw .invalid(.expiry) }
    guard serviceCode.isAbsentOrDigits else { throw .invalid(.serviceCode) }
    guard token.isEmpty || token.room == 0 else { throw .invalid(.token) }
    guard swipe?.jitterPercent ?? 0 <= 100 else { throw .invalid(.swipe) }
    guard ksn.count == algorithm.ksnSize, !ciphertext.isEmpty,
      ciphertext.count % algorithm.blockSize == 0
    else { throw .invalid(.encrypted) }
    guard chipData.isEmpty || application.count >= 5 else { throw .invalid(.chip) }
    guard device.room == 0 else { throw .invalid(.device) }
    guard !firmware.isEmpty, firmware.isPrintable else { throw .invalid(.firmware) }
  }
}

extension Bytes {
  var isPrintable: Bool {
    for index in 0..<count where self[index] < 0x20 || self[index] > 0x7E { return false }
    return true
  }

  fileprivate var isAbsentOrDigits: Bool {
    guard !isEmpty else { return true }
    return room == 0 && digits(from: 0) == count
  }

  /// How many digits stand in a row from `start` on.
  private func digits(from start: Int) -> Int {
    var end = start
    while end < count, self[end] >= UInt8(ascii: "0"), self[end] <= UInt8(ascii: "9") { end += 1 }
    return end - start
  }

  /// Up to six digits, five or more `*`, up to four digits: no clear PAN passes.
  fileprivate var isMasked: Bool {
    let leading = digits(from: 0)
    var hidden = 0
    while leading + hidden < count, self[leading + hidden] == UInt8(ascii: "*") { hidden += 1 }
    let trailing = digits(from: leading + hidden)
    guard leading <= 6, hidden >= 5, trailing <= 4 else { return false }
    return leading + hidden + trailing == count
  }
}
