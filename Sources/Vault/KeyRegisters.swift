// The device side of DUKPT, cold: future-key registers that give each transaction's key once and
// forget it. Belongs to the thread that writes to disk; the hot side is KeyLease.

import Octets

/// X9.24-1 (21 registers) and X9.24-3 (32 registers) in one shape. Register `n` holds the key of
/// the next counter whose lowest set bit is bit `n`; the initial key itself is never kept.
struct KeyRegisters: ~Copyable {
  /// The initial key's serial number, counter zero; nil when no key is loaded.
  private(set) var initial: KeySerialNumber?
  /// The next counter to use; 2^21 or 2^32 once all are used.
  private(set) var counter: UInt64 = 0
  private var slots = KeySlots()

  init() {}

  /// Fills the registers from an initial key, which the caller then wipes.
  mutating func load(_ key: Span<UInt8>, _ serial: KeySerialNumber) {
    wipe()
    let initial = serial.at(0)
    fill(below: initial.algorithm.counterBits, from: key, initial)
    self.initial = initial
    counter = 1
  }

  /// Takes up a stored state; false, and empty, when no device can ever have been in it.
  mutating func restore(_ initial: KeySerialNumber, counter: UInt64, slots: Span<UInt8>) -> Bool {
    wipe()
    let algorithm = initial.algorithm
    let end = UInt64(1) << UInt64(algorithm.counterBits)
    guard counter >= 1, counter <= end, counter.nonzeroBitCount <= algorithm.mostCounterOnes,
      initial.counter == 0
    else { return false }
    self.initial = initial
    self.counter = counter
    self.slots.setAll(slots)
    return true
  }

  mutating func wipe() {
    initial = nil
    counter = 0
    slots.wipe()
  }

  /// Puts the next transaction's key into `key`, erases it here and steps on, past counters with
  /// too many bits set; nil when no key is left (X9.24-1 A.3, X9.24-3 6.5).
  mutating func next(into key: inout Bytes<16>) -> KeySerialNumber? {
    guard let initial, counter < UInt64(1) << UInt64(initial.algorithm.counterBits) else {
      return nil
    }
    let serial = initial.at(UInt32(counter))
    let register = counter.trailingZeroBitCount
    slots.withKey(register) { key.set($0) }
    if counter.nonzeroBitCount < initial.algorithm.mostCounterOnes {
      key.withBytes { fill(below: register, from: $0, serial) }
      counter += 1
    } else {
      counter += UInt64(1) << UInt64(register)
    }
    slots.wipe(register)
    return serial
  }

  /// Derives the registers below `end` from the key of `serial`.
  private mutating func fill(below end: Int, from key: Span<UInt8>, _ serial: KeySerialNumber) {
    var child = Bytes<16>()
    defer { child.wipe() }
    for register in 0..<end {
      Derivation.child(of: key, serial.at(serial.counter | 1 << UInt32(register)), into: &child)
      child.withBytes { slots.set(register, $0) }
    }
  }

  /// Keys not used yet.
  var keysLeft: UInt64 {
    guard let initial else { return 0 }
    let ones = initial.algorithm.mostCounterOnes
    var left = Self.numbers(bits: initial.algorithm.counterBits, ones: ones)
    // Take away the numbers below `counter`: for each of its set bits, those that agree with it
    // above that bit and are free below.
    var seen = 0
    for bit in stride(from: initial.algorithm.counterBits, through: 0, by: -1)
    where counter >> UInt64(bit) & 1 == 1 {
      left -= Self.numbers(bits: bit, ones: ones - seen)
      seen += 1
    }
    return left
  }

  /// How many numbers of `bits` bits have at most `ones` bits set.
  private static func numbers(bits: Int, ones: Int) -> UInt64 {
    var sum: UInt64 = 0
    var choices: UInt64 = 1
    for set in 0...min(bits, ones) {
      sum += choices
      choices = choices * UInt64(bits - set) / UInt64(set + 1)
    }
    return sum
  }

  borrowing func withSlots<E: Error>(_ body: (Span<UInt8>) throws(E) -> Void) throws(E) {
    try slots.withAll(body)
  }
}
