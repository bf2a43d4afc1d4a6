// Plain SQLite on a simulated disk, through one life after the other.

import PlainSQLite
import Simulator

/// What SQLite promises of a transaction that it said was committed.
enum Synchronous: Int32 {
  case off = 0
  case normal = 1
  case full = 2
}

/// What one life of the machine saw of the table.
struct Life {
  /// Rows found at the start; nil when the table could not be opened, or was not whole.
  var found: Int64?
  /// Rows whose commit was reported.
  var committed: Int64 = 0
  /// Rows of the transaction that failed, if one did.
  var underWay: Int64 = 0
}

/// Opens the table and commits transactions of 1, 2 and 3 rows, with a checkpoint after every
/// seventh, until `transactions` are done or one fails.
func live(on disk: borrowing FaultDisk, _ synchronous: Synchronous, transactions: Int) -> Life {
  var life = Life()
  var table: OpaquePointer?
  guard plain_open(disk.vfs, synchronous.rawValue, &table) == 0 else { return life }
  defer { plain_close(table) }
  let found = plain_rows(table)
  life.found = found
  life.committed = found
  for number in 0..<transactions {
    let rows = 1 + number % 3
    guard plain_add(table, Int32(rows)) == 0 else {
      life.underWay = Int64(rows)
      return life
    }
    life.committed += Int64(rows)
    if number % 7 == 6, plain_checkpoint(table) != 0 { return life }
  }
  return life
}

/// How lives that ended by an outage fared in the next.
struct Toll {
  var lives = 0
  /// Committed rows were missing.
  var losses = 0
  /// The table did not open, was damaged, or had rows that nobody committed.
  var damages = 0

  /// Strikes within every `stride`-th operation of a life, from operation `first` on.
  static func of(
    _ outage: Outage, _ synchronous: Synchronous, seeds: Range<UInt64>, stride: UInt64 = 1,
    faults: DiskFaults = DiskFaults()
  ) -> Toll {
    var toll = Toll()
    for seed in seeds {
      let calm = FaultDisk(seed: seed)
      _ = live(on: calm, synchronous, transactions: 12)
      for strike in Swift.stride(from: seed % stride, to: calm.operations, by: Int(stride)) {
        toll.count(outage, synchronous, seed: seed &* 100_003 &+ strike, strike, faults)
      }
    }
    return toll
  }

  private mutating func count(
    _ outage: Outage, _ synchronous: Synchronous, seed: UInt64, _ strike: UInt64,
    _ faults: DiskFaults
  ) {
    let disk = FaultDisk(seed: seed)
    disk.set(faults)
    disk.fail(after: strike)
    let before = live(on: disk, synchronous, transactions: 12)
    disk.fail()
    disk.restart(outage)
    let after = live(on: disk, synchronous, transactions: 1)
    lives += 1
    guard let found = after.found, found <= before.committed + before.underWay else {
      damages += 1
      return
    }
    if found < before.committed { losses += 1 }
  }
}
