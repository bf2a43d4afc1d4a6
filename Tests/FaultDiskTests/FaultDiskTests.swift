// The simulated disk held against software that is known to be right: if plain SQLite, asked to
// sync, loses nothing on it, and loses something when not asked, then both can be believed.

import Octets
import PlainSQLite
import Simulator
import Testing

@Suite("On the simulated disk")
struct FaultDiskTests {
  @Test(
    "a transaction that SQLite committed with FULL survives an outage at any operation",
    arguments: [Outage.powerCut, .killed])
  func full(_ outage: Outage) {
    let toll = Toll.of(outage, .full, seeds: 0..<4)
    #expect(toll.lives > 400)
    #expect(toll.losses == 0 && toll.damages == 0, "\(toll)")
  }

  @Test("with OFF, power cuts lose and damage, and kills do not")
  func off() {
    let cuts = Toll.of(.powerCut, .off, seeds: 0..<4)
    #expect(cuts.losses > cuts.lives / 20 && cuts.damages > 0, "\(cuts)")
    let kills = Toll.of(.killed, .off, seeds: 0..<4)
    #expect(kills.losses == 0 && kills.damages == 0, "\(kills)")
  }

  @Test("with NORMAL, power cuts lose the last transactions and damage nothing")
  func normal() {
    let toll = Toll.of(.powerCut, .normal, seeds: 0..<4)
    #expect(toll.losses > 0 && toll.damages == 0, "\(toll)")
  }

  @Test("a sync that lies is found out, of a file and of the directory", arguments: [true, false])
  func lies(_ isFile: Bool) {
    var faults = DiskFaults()
    faults.ignoresSync = isFile
    faults.ignoresDirectorySync = !isFile
    let toll = Toll.of(.powerCut, .full, seeds: 0..<4, stride: 3, faults: faults)
    #expect(toll.losses + toll.damages > 0, "\(toll)")
  }

  @Test("failed writes and syncs cost transactions that were not reported, and no others")
  func errors() {
    var faults = DiskFaults()
    faults.failedWrites = 0.02
    faults.failedSyncs = 0.05
    faults.shortReads = 0.3
    var failures = 0
    for seed in UInt64(0)..<300 {
      let disk = FaultDisk(seed: seed)
      let start = live(on: disk, .full, transactions: 2)
      disk.set(faults)
      let life = live(on: disk, .full, transactions: 12)
      disk.fail()
      disk.restart(.powerCut)
      disk.set(DiskFaults())
      let after = live(on: disk, .full, transactions: 0)
      let committed = max(start.committed, life.committed)
      if life.underWay > 0 || life.found == nil { failures += 1 }
      #expect(after.found.map { $0 >= committed } == true, "seed \(seed): \(life), \(after)")
      #expect((after.found ?? 0) <= committed + life.underWay, "seed \(seed): \(life), \(after)")
    }
    #expect(failures > 100)
  }

  @Test("a full disk refuses and keeps; with room again it goes on")
  func room() {
    let disk = FaultDisk(seed: 7)
    var faults = DiskFaults()
    faults.room = 60_000
    disk.set(faults)
    var table: OpaquePointer?
    #expect(plain_open(disk.vfs, 2, &table) == 0)
    var rows: Int64 = 0
    while plain_add(table, 1) == 0 { rows += 1 }
    #expect(rows > 5 && plain_rows(table) == rows)
    #expect(plain_add(table, 1) == 13)  // SQLITE_FULL
    disk.set(DiskFaults())
    #expect(plain_add(table, 1) == 0)
    #expect(plain_rows(table) == rows + 1)
    plain_close(table)
  }

  @Test("a disk that became read-only changes nothing")
  func readOnly() {
    let disk = FaultDisk(seed: 8)
    let rows = live(on: disk, .full, transactions: 3).committed
    var faults = DiskFaults()
    faults.isReadOnly = true
    disk.set(faults)
    #expect(live(on: disk, .full, transactions: 1).committed <= rows)
    disk.set(DiskFaults())
    #expect(live(on: disk, .full, transactions: 0).found == rows)
  }

  @Test("stalls take virtual time")
  func stalls() {
    let disk = FaultDisk(seed: 9)
    var faults = DiskFaults()
    faults.stalls = 0.5
    disk.set(faults)
    _ = live(on: disk, .full, transactions: 5)
    let elapsed = disk.takeElapsed()
    #expect(elapsed > .seconds(10) && elapsed < .seconds(1_000))
    #expect(disk.takeElapsed() == .seconds(0))
  }

  @Test("the same seed brings back the same content")
  func seeds() {
    func remains(_ seed: UInt64) -> [UInt8] {
      let disk = FaultDisk(seed: seed)
      var bytes = Bytes<4096>()
      for number in 0..<4096 { try? bytes.append(UInt8(truncatingIfNeeded: number % 251)) }
      try? disk.create("a")
      try? disk.syncDirectory()
      bytes.withBytes { try? disk.append($0, to: "a") }
      disk.restart(.powerCut)
      bytes.removeAll()
      try? disk.read("a", into: &bytes)
      return bytes.withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }
    let all = (UInt64(0)..<40).map(remains)
    #expect((UInt64(0)..<40).map(remains) == all)
    #expect(Set(all.map(\.count)).count > 3)
  }
}
