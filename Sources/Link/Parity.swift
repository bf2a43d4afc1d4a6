// Parity behind a frame's COBS bytes, with which a receiver puts right what a noisy line changed
// instead of asking for the frame again (docs/PROTOCOL.md section 1). It covers the bytes as they
// go over the line, COBS code bytes too: one wrong byte there would make many wrong ones inside.

import Octets

/// Reed-Solomon codewords over GF(256), polynomial 0x11D, generator roots 2^0 to 2^7: four wrong
/// bytes of each are put right. A frame's bytes belong to its codewords in turn.
enum FrameParity {
  /// Parity bytes of a codeword.
  static let check = 8
  /// Bytes that a codeword adds: one that is chosen so that no parity byte is zero, and these.
  static let added = 9
  /// A codeword's longest form.
  static let longest = 255
  /// Codewords of a frame.
  static let most = 3

  /// How many codewords protect `count` COBS bytes.
  static func words(protecting count: Int) -> Int {
    (count + longest - added - 1) / (longest - added)
  }

  /// How many codewords are in `count` bytes between two zeros.
  static func words(in count: Int) -> Int { (count + longest - 1) / longest }
}

/// Division by the generator polynomial, eight coefficients at once: the highest power's in the
/// most significant byte.
private struct Division {
  /// x^8 modulo the generator, which is x^8 plus this.
  private static let generator: UInt64 = 0xFF0B_5136_EFAD_C818

  /// Multiples of it by every lower and every upper half of a byte.
  private var lower = InlineArray<16, UInt64>(repeating: 0)
  private var upper = InlineArray<16, UInt64>(repeating: 0)

  init() {
    var power = Self.generator
    for bit in 0..<8 {
      let step = 1 << (bit & 3)
      for index in step..<(2 * step) {
        if bit < 4 {
          lower[index] = lower[index - step] ^ power
        } else {
          upper[index] = upper[index - step] ^ power
        }
      }
      power = Self.doubled(power)
    }
  }

  /// Every coefficient times two.
  private static func doubled(_ lanes: UInt64) -> UInt64 {
    let carries = lanes >> 7 & 0x0101_0101_0101_0101
    return (lanes & 0x7F7F_7F7F_7F7F_7F7F) << 1 ^ carries &* 0x1D
  }

  /// The remainder when one more coefficient, `byte`, follows.
  func remainder(_ before: UInt64, then byte: UInt8) -> UInt64 {
    let factor = UInt8(before >> 56) ^ byte
    return before << 8 ^ lower[Int(factor & 0xF)] ^ upper[Int(factor >> 4)]
  }
}

/// Adds parity to a frame; one that would become longer than a frame may be is left as it is.
public func protect(_ frame: inout WireFrame) {
  let size = frame.count - 2
  let words = FrameParity.words(protecting: size)
  guard words <= FrameParity.most, frame.room >= words * FrameParity.added else { return }
  let division = Division()
  var remainders = InlineArray<3, UInt64>(repeating: 0)
  var word = 0
  for index in 0..<size {
    remainders[word] = division.remainder(remainders[word], then: frame[1 + index])
    word = word + 1 == words ? 0 : word + 1
  }
  frame.truncate(to: 1 + size)
  let first = word
  do throws(Overflow) {
    for place in 0..<words {
      let word = (first + place) % words
      let filler = nonzeroFiller(remainders[word], division)
      remainders[word] = division.remainder(remainders[word], then: filler)
      try frame.append(filler)
    }
    for row in 0..<FrameParity.check {
      for place in 0..<words {
        let remainder = remainders[(first + place) % words]
        try frame.append(UInt8(truncatingIfNeeded: remainder >> UInt64(56 - 8 * row)))
      }
    }
    try frame.append(0)
  } catch { preconditionFailure("the room was looked at") }
}

/// The smallest byte from 1 on behind which no parity byte is zero: each of the eight rules out
/// one value at most.
private func nonzeroFiller(_ remainder: UInt64, _ division: Division) -> UInt8 {
  for filler in UInt8(1)..<10 where !hasZero(division.remainder(remainder, then: filler)) {
    return filler
  }
  preconditionFailure("of nine values eight are ruled out at most")
}

/// Whether a byte of the eight is zero.
private func hasZero(_ bytes: UInt64) -> Bool {
  (bytes &- 0x0101_0101_0101_0101) & ~bytes & 0x8080_8080_8080_8080 != 0
}

/// Puts right what stood between two zeros: the COBS bytes stay, the parity goes. The number of
/// bytes that were wrong; nil when there were more than can be told. Somebody's content it is not
/// yet, its CRC has to be right.
func repair(_ wire: inout Bytes<638>) -> Int? {
  let words = FrameParity.words(in: wire.count)
  guard wire.count > words * FrameParity.added else { return nil }
  let division = Division()
  var corrected = 0
  for word in 0..<words {
    guard let count = wire.repair(word, of: words, division) else { return nil }
    corrected += count
  }
  wire.truncate(to: wire.count - words * FrameParity.added)
  return corrected
}

extension Bytes<638> {
  fileprivate mutating func repair(_ word: Int, of words: Int, _ division: Division) -> Int? {
    let size = (count - word + words - 1) / words
    var difference: UInt64 = 0
    for index in 0..<(size - FrameParity.check) {
      difference = division.remainder(difference, then: self[word + words * index])
    }
    var parity: UInt64 = 0
    for index in (size - FrameParity.check)..<size {
      parity = parity << 8 | UInt64(self[word + words * index])
    }
    difference ^= parity
    if difference == 0 { return 0 }
    guard let errors = CodewordErrors(difference, size: size) else { return nil }
    for index in 0..<errors.count {
      self[word + words * errors.places[index]] ^= errors.values[index]
    }
    return errors.count
  }
}

/// Which bytes of a codeword are wrong, and by what.
private struct CodewordErrors {
  private(set) var count = 0
  /// From the codeword's beginning.
  private(set) var places = InlineArray<4, Int>(repeating: 0)
  private(set) var values = InlineArray<4, UInt8>(repeating: 0)

  /// `difference` is the remainder of the whole codeword, of `size` bytes. Nil when no four errors
  /// or fewer explain it.
  init?(_ difference: UInt64, size: Int) {
    // The syndromes: the codeword's values at the generator's roots.
    var syndromes = InlineArray<8, UInt8>(repeating: 0)
    var root: UInt8 = 1
    for index in 0..<8 {
      for row in 0..<8 {
        let coefficient = UInt8(truncatingIfNeeded: difference >> UInt64(56 - 8 * row))
        syndromes[index] = product(syndromes[index], root) ^ coefficient
      }
      root = product(root, 2)
    }
    guard let locator = ErrorLocator(syndromes) else { return nil }
    search(locator, evaluator(syndromes, locator), size: size)
    guard count == locator.degree else { return nil }
  }

  /// Chien's search: the locator at the inverse of each place's power of two, the last place first;
  /// Forney's formula gives the value, as the first root is 2^0 without another factor.
  private mutating func search(
    _ locator: ErrorLocator, _ evaluator: InlineArray<4, UInt8>, size: Int
  ) {
    var terms = locator.coefficients
    var inverse: UInt8 = 1
    for back in 0..<size {
      var sum: UInt8 = 0
      for index in 0...4 { sum ^= terms[index] }
      let slope = terms[1] ^ terms[3]
      if sum == 0, slope != 0, count < 4 {
        var numerator: UInt8 = 0
        for index in 0..<4 { numerator = product(numerator, inverse) ^ evaluator[3 - index] }
        places[count] = size - 1 - back
        values[count] = product(numerator, inverted(slope))
        count += 1
      }
      for index in 1...4 {
        for _ in 0..<index { terms[index] = halved(terms[index]) }
      }
      inverse = halved(inverse)
    }
  }
}

/// Syndromes times locator, as far as the number of errors goes.
private func evaluator(
  _ syndromes: InlineArray<8, UInt8>, _ locator: ErrorLocator
) -> InlineArray<4, UInt8> {
  var coefficients = InlineArray<4, UInt8>(repeating: 0)
  for index in 0..<locator.degree {
    for place in 0...index {
      coefficients[index] ^= product(syndromes[index - place], locator.coefficients[place])
    }
  }
  return coefficients
}

/// The polynomial whose roots tell where errors are, found as Berlekamp and Massey do.
private struct ErrorLocator {
  private(set) var coefficients = InlineArray<9, UInt8>(repeating: 0)
  private(set) var degree = 0

  /// Nil when there are more than four errors.
  init?(_ syndromes: InlineArray<8, UInt8>) {
    coefficients[0] = 1
    var before = coefficients
    var discrepancyBefore: UInt8 = 1
    var shift = 1
    for step in 0..<8 {
      var discrepancy = syndromes[step]
      for index in 1..<(degree + 1) {
        discrepancy ^= product(coefficients[index], syndromes[step - index])
      }
      guard discrepancy != 0 else {
        shift += 1
        continue
      }
      let old = coefficients
      let factor = product(discrepancy, inverted(discrepancyBefore))
      for index in shift..<9 { coefficients[index] ^= product(factor, before[index - shift]) }
      guard 2 * degree <= step else {
        shift += 1
        continue
      }
      degree = step + 1 - degree
      before = old
      discrepancyBefore = discrepancy
      shift = 1
    }
    guard degree <= 4 else { return nil }
  }
}

// MARK: GF(256), polynomial x^8 + x^4 + x^3 + x^2 + 1. Times depend on the values, which are no
// secrets.

private func product(_ first: UInt8, _ second: UInt8) -> UInt8 {
  var sum: UInt8 = 0
  var multiple = first
  var left = second
  while left != 0 {
    if left & 1 != 0 { sum ^= multiple }
    multiple = multiple & 0x80 != 0 ? multiple << 1 ^ 0x1D : multiple << 1
    left >>= 1
  }
  return sum
}

/// Divided by two.
private func halved(_ value: UInt8) -> UInt8 { value & 1 != 0 ? value >> 1 ^ 0x8E : value >> 1 }

/// One divided by `value`: its 254th power, as the 255th is 1. Zero has none.
private func inverted(_ value: UInt8) -> UInt8 {
  var power = value
  var result: UInt8 = 1
  for _ in 0..<7 {
    power = product(power, power)
    result = product(result, power)
  }
  return result
}
