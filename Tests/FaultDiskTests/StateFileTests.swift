// A small file that is replaced as the firmware replaces its secrets' files.

import Octets
import Simulator
import Testing

@Suite("A replaced file on the simulated disk")
struct StateFileTests {
  /// The number in the file; nil when there is no file, -1 when it is not whole.
  private func number(on disk: borrowing FaultDisk) -> Int? {
    var content = Bytes<2048>()
    do throws(DiskError) { try disk.read("state", into: &content) } catch { return nil }
    guard content.count == 1_200 else { return -1 }
    let first = content[0]
    let isWhole = content.withBytes { bytes in bytes.indices.allSatisfy { bytes[$0] == first } }
    return isWhole ? Int(first) : -1
  }

  private func replace(_ number: Int, on disk: borrowing FaultDisk) throws(DiskError) {
    let content = InlineArray<1_200, UInt8>(repeating: UInt8(number))
    try disk.replace("state", by: content.span, through: "state.new")
  }

  /// Writes 1, 2, … until the disk fails within operation `strike`; then what was reported, and
  /// what is there.
  private func cut(
    at strike: UInt64, seed: UInt64, _ faults: DiskFaults = DiskFaults()
  ) -> (reported: Int, found: Int?) {
    let disk = FaultDisk(seed: seed)
    disk.set(faults)
    disk.fail(after: strike)
    var reported = 0
    while (try? replace(reported + 1, on: disk)) != nil { reported += 1 }
    disk.restart(.powerCut)
    return (reported, number(on: disk))
  }

  @Test("is the last one reported, or the next, after a power cut at any operation")
  func survives() {
    for strike in UInt64(0)..<60 {
      for seed in UInt64(0)..<20 {
        let (reported, found) = cut(at: strike, seed: seed &* 1_009 &+ strike)
        let isRight = found == reported || found == reported + 1 || (reported == 0 && found == nil)
        #expect(isRight, "operation \(strike), seed \(seed): \(found as Int?) of \(reported)")
      }
    }
  }

  @Test("is not, when file or directory was not synced", arguments: [true, false])
  func forgets(_ isFile: Bool) {
    var faults = DiskFaults()
    faults.ignoresSync = isFile
    faults.ignoresDirectorySync = !isFile
    var old = 0
    var torn = 0
    for strike in UInt64(10)..<40 {
      let (reported, found) = cut(at: strike, seed: strike, faults)
      if found == -1 { torn += 1 } else if found.map({ $0 < reported }) ?? true { old += 1 }
    }
    #expect(isFile ? torn > 2 : old > 2 && torn == 0, "\(old) old, \(torn) torn")
  }

  @Test("is whole after errors, and errors are reported")
  func errors() throws {
    var faults = DiskFaults()
    faults.failedWrites = 0.2
    faults.failedSyncs = 0.2
    faults.failedDirectorySyncs = 0.2
    faults.shortReads = 0.5
    var failures = 0
    for seed in UInt64(0)..<100 {
      let disk = FaultDisk(seed: seed)
      try replace(1, on: disk)
      disk.set(faults)
      var reported = 1
      for number in 2..<8 {
        do {
          try replace(number, on: disk)
          reported = number
        } catch { failures += 1 }
      }
      disk.fail()
      disk.restart(.powerCut)
      let found = number(on: disk) ?? -1
      #expect(found >= reported, "seed \(seed): \(found) of \(reported)")
    }
    #expect(failures > 100)
  }
}
