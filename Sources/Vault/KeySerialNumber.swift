// Which key a card-data block is under: DUKPT's two algorithms and their key serial numbers.

import Octets

/// A DUKPT scheme with its key sizes. Raw values are those of the sealed vault state.
public enum KeyAlgorithm: UInt8, Sendable {
  /// Double-length TDES, X9.24-1: 21-bit counter, at most 10 bits of it set.
  case tdes = 1
  /// AES-128, X9.24-3: 32-bit counter, at most 16 bits of it set.
  case aes128 = 2

  /// Both schemes work with keys of 128 bits.
  package static let keySize = 16

  package var cipher: BlockCipher {
    switch self {
    case .tdes: .tdes
    case .aes128: .aes
    }
  }

  package var counterBits: Int {
    switch self {
    case .tdes: 21
    case .aes128: 32
    }
  }

  /// Counters with more bits set are skipped, which bounds a host's work for one key.
  package var mostCounterOnes: Int {
    switch self {
    case .tdes: 10
    case .aes128: 16
    }
  }

  /// Bytes of a key serial number.
  package var serialSize: Int {
    switch self {
    case .tdes: 10
    case .aes128: 12
    }
  }
}

/// What a data key was made for. Confusing these is the commonest integration error of all.
public enum KeyUsage: UInt8, Sendable {
  /// X9.24-1: the data-request variant with its one-way step, used with TDES in CBC.
  case dataRequest = 1
  /// X9.24-3 usage 3000, data encryption with AES-128 in CBC.
  case dataEncryption = 2
}

/// What a receiver needs to know to derive the key of a card-data block.
public struct KeyUse: Equatable, Sendable {
  public let algorithm: KeyAlgorithm
  public let usage: KeyUsage
  /// 10 bytes for TDES, 12 for AES.
  public let serial: KeySerialNumber

  init(_ serial: KeySerialNumber) {
    self.serial = serial
    algorithm = serial.algorithm
    switch serial.algorithm {
    case .tdes: usage = .dataRequest
    case .aes128: usage = .dataEncryption
    }
  }
}

/// A KSN: the name of an initial key, with the transaction counter in its last bits. Not secret.
public struct KeySerialNumber: Equatable, Sendable {
  public static let longest = 12

  public let algorithm: KeyAlgorithm
  /// The whole number with zeros where the counter stands.
  private let initial: InlineArray<12, UInt8>
  public let counter: UInt32

  private init(_ algorithm: KeyAlgorithm, _ initial: InlineArray<12, UInt8>, _ counter: UInt32) {
    self.algorithm = algorithm
    self.initial = initial
    self.counter = counter
  }

  /// A whole KSN; nil when it is not 10 (TDES) or 12 (AES) bytes long.
  package init?(_ bytes: Span<UInt8>, algorithm: KeyAlgorithm) {
    guard bytes.count == algorithm.serialSize else { return nil }
    var initial = InlineArray<12, UInt8>(repeating: 0)
    var tail: UInt32 = 0
    for index in bytes.indices {
      initial[index] = bytes[index]
      tail = tail << 8 | UInt32(bytes[index])
    }
    let mask = UInt32.max >> UInt32(32 - algorithm.counterBits)
    for place in 0..<4 {
      let shift = UInt32(8 * place)
      initial[bytes.count - 1 - place] &= ~UInt8(truncatingIfNeeded: mask >> shift)
    }
    self.init(algorithm, initial, tail & mask)
  }

  /// The same initial key's serial number at another counter.
  package func at(_ counter: UInt32) -> KeySerialNumber {
    KeySerialNumber(algorithm, initial, counter)
  }

  public static func == (left: KeySerialNumber, right: KeySerialNumber) -> Bool {
    guard left.algorithm == right.algorithm, left.counter == right.counter else { return false }
    return left.initial.span.equals(right.initial.span)
  }

  public func withBytes<R: ~Copyable, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R
  {
    var bytes = initial
    for place in 0..<4 {
      let shift = UInt32(8 * place)
      bytes[algorithm.serialSize - 1 - place] |= UInt8(truncatingIfNeeded: counter >> shift)
    }
    return try body(bytes.span.extracting(0..<algorithm.serialSize))
  }
}
