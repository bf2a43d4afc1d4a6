// Classic bugs, planted on purpose into what surrounds the product's machines: a simulator that
// does not find them would not find ours either.

/// One planted bug.
public enum Canary: UInt8, CaseIterable, Sendable {
  /// The register acknowledges a record and stores it a little later.
  case acknowledgedBeforeStored = 1
  /// The register stores some records twice.
  case storedTwice
  /// The keeper hands out a batch of keys and makes it durable a little later.
  case leaseBeforeDurable
  /// Every start of the controller has the same epoch, and so the same nonces.
  case epochNotCounted
  /// The disk, or who uses it, does not sync files.
  case fileNotSynced
  /// The directory is not synced after a file took another's name.
  case directoryNotSynced
  /// Both sides draw the same random numbers at every start.
  case sameRandomNumbers
  /// A debugging log holds what was on the card.
  case cardInLog
  /// A debugging message on the line holds what was on the card.
  case cardOnLine
  /// The loop waits for the disk.
  case diskInLoop
  /// At each start the register has lost the last record that it acknowledged.
  case registerForgets
  /// At each start the register vouches for records that it never got.
  case registerLies
  /// A debugging log holds the number of a tapped card, two digits in a byte.
  case tapInLog
  /// A debugging message on the line holds it.
  case tapOnLine
  /// Another card answers than the one that is held before the reader.
  case otherCard
}
