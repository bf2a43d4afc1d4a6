// What is wrong with a key block, where, and what to do about it: people load keys by hand, and a
// key ceremony is expensive to repeat.

/// A problem and the character of the block it was found at, counted from 0.
public struct KeyBlockError: Error, Equatable {
  public let problem: Problem
  public let offset: Int

  init(_ problem: Problem, at offset: Int) {
    self.problem = problem
    self.offset = offset
  }

  public enum Problem: Equatable, Sendable {
    // The text.
    case tooShort
    case tooLong
    case notPrintable
    case unknownVersion
    case lengthNotDecimal
    case lengthIsNot(stated: Int)
    case countNotDecimal
    case optionalBlockCut
    case optionalBlockLength
    case optionalBlockTwice
    case headerNotWholeBlocks
    case keyNotWholeBlocks
    case notHexadecimal
    // The protection.
    case protectionKeySize(bytes: Int)
    case protectionKeyTooWeak
    case macMismatch
    case keyLength(bits: Int)
    // The use: what makes a good block no DUKPT initial key that this board takes.
    case notInitialKey
    case algorithm
    case mode
    case exportability
    case noSerial
    case serialLength
    case serialNotHexadecimal
    case serialsDiffer
    case serialCounter
    case equalHalves
  }
}

extension KeyBlockError.Problem {
  /// What is wrong, as the middle of a sentence.
  public var explanation: StaticString {
    switch self {
    case .tooShort: "the text ends within the 16 characters of the header"
    case .tooLong: "the text is longer than the 512 characters that are read"
    case .notPrintable: "the header has a character that is not printable ASCII"
    case .unknownVersion: "the version is not A, B, C or D"
    case .lengthNotDecimal: "the length is not four decimal digits"
    case .lengthIsNot: "the stated length is not the length of the text"
    case .countNotDecimal: "the number of optional blocks is not two decimal digits"
    case .optionalBlockCut: "an optional block runs past the end of the text"
    case .optionalBlockLength: "the length of an optional block is not a valid number"
    case .optionalBlockTwice: "an optional block is there twice"
    case .headerNotWholeBlocks: "the optional blocks do not end at a whole cipher block"
    case .keyNotWholeBlocks: "the encrypted key is missing or not whole cipher blocks"
    case .notHexadecimal: "the encrypted key or the MAC has a character that is not hexadecimal"
    case .protectionKeySize: "the protection key has the wrong length for this version"
    case .protectionKeyTooWeak: "an AES key is wrapped under a TDES protection key"
    case .macMismatch: "the MAC is wrong"
    case .keyLength: "the length of the key inside is not possible"
    case .notInitialKey: "the key usage is not B1, DUKPT initial key"
    case .algorithm: "the algorithm is not T (TDES) or A (AES)"
    case .mode: "the mode of use is not X, key derivation"
    case .exportability: "the exportability is not E, N or S"
    case .noSerial: "there is no key serial number"
    case .serialLength: "the key serial number has the wrong length"
    case .serialNotHexadecimal: "the key serial number is not hexadecimal"
    case .serialsDiffer: "the optional blocks KS and IK name different keys"
    case .serialCounter: "the transaction counter in the key serial number is not 0"
    case .equalHalves: "both halves of the TDES key are equal, which makes it single DES"
    }
  }

  /// What to do about it.
  public var remedy: StaticString {
    switch self {
    case .tooShort, .lengthIsNot, .optionalBlockCut, .keyNotWholeBlocks, .tooLong:
      "copy the block again, whole and on one line"
    case .notPrintable, .lengthNotDecimal, .countNotDecimal, .optionalBlockLength,
      .optionalBlockTwice, .headerNotWholeBlocks, .notHexadecimal:
      "copy the block again; if it stays so, the sender made it wrongly"
    case .unknownVersion: "ask for version B (TDES protection key) or D (AES protection key)"
    case .protectionKeySize:
      "versions A, B and C take 16 or 24 bytes, version D takes 16, 24 or 32"
    case .protectionKeyTooWeak: "ask for a version D block under an AES protection key"
    case .macMismatch:
      "check that the protection key is the one the block was made under, and copy the block again"
    case .keyLength: "ask for a 128-bit key: double-length TDES or AES-128"
    case .notInitialKey: "ask for the initial key of this board; never load a base derivation key"
    case .algorithm: "ask for a DUKPT initial key for TDES or AES"
    case .mode, .exportability: "ask the sender to correct the header"
    case .noSerial: "ask for the optional block KS (TDES) or IK (AES)"
    case .serialLength: "TDES: KS with 20 digits; AES: IK with 16 digits, or KS with 16 or 24"
    case .serialNotHexadecimal, .serialsDiffer: "ask the sender to correct the optional block"
    case .serialCounter: "ask for the initial key serial number, with zeros in its counter"
    case .equalHalves: "ask for a new initial key"
    }
  }
}
