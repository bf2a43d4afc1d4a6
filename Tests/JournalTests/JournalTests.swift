import Foundation
import Journal
import Link
import Octets
import Testing

@Suite("A journal")
struct JournalTests {
  @Test("keeps records, references, acknowledgement and root over a restart")
  func restart() throws {
    let folder = try Folder()
    do {
      var journal = try folder.open(beginning: origin(1))
      try journal.append(0..<100)
      let witness = try journal.acknowledge(40, root: expectedRoot(40))
      #expect(witness == .agrees)
      try journal.commit()
    }
    var journal = try folder.open()
    let state = journal.durable
    #expect(state.origin == origin(1) && state.size == 100 && state.acknowledged == 40)
    #expect(state.tree.root == expectedRoot(100))
    for number in [0, 39, 40, 99] {
      #expect(try journal.bytes(UInt64(number)) == record(number))
      let place = try journal.find(reference("ref-\(number)"))
      #expect(place == RecordPlace(origin: origin(1), index: UInt64(number), isCurrent: true))
    }
    #expect(try journal.bytes(100) == nil)
    #expect(try journal.find(reference("ref-100")) == nil)
    try journal.append(100..<110)
    try journal.commit()
    #expect(journal.durable.tree.root == expectedRoot(110))
    try journal.verifyFile()
    try journal.verify(journal.durable)
  }

  @Test("has nothing of a batch that was not committed")
  func batches() throws {
    let folder = try Folder()
    do {
      var journal = try folder.open(beginning: origin(1))
      try journal.append(0..<3)
      try journal.commit()
      try journal.append(3..<8)
      #expect(journal.pending.size == 8 && journal.durable.size == 3)
    }
    var journal = try folder.open()
    #expect(journal.durable.size == 3)
    try journal.append(3..<5)
    journal.rollBack()
    #expect(journal.pending.size == 3)
    #expect(try journal.find(reference("ref-4")) == nil)
    try journal.append(3..<4)
    try journal.commit()
    #expect(journal.durable.tree.root == expectedRoot(4))
    try journal.verify(journal.durable)
  }

  @Test("agrees with a register that has the same records, at every size, and with no other")
  func witness() throws {
    let folder = try Folder()
    var journal = try folder.open(beginning: origin(1))
    try journal.append(0..<33)
    for size in 0...33 {
      #expect(try journal.acknowledge(UInt64(size), root: expectedRoot(size)) == .agrees)
      #expect(journal.pending.acknowledged == UInt64(size))
    }
    #expect(try journal.acknowledge(12, root: expectedRoot(12)) == .agrees)
    #expect(journal.pending.acknowledged == 33, "a register that is behind takes nothing back")
    #expect(try journal.acknowledge(12, root: expectedRoot(13)) == .differs)
    #expect(try journal.acknowledge(34, root: expectedRoot(34)) == .unknown)
    try journal.commit()
  }

  @Test("lets go of acknowledged records only, and its root and proofs go on")
  func retention() throws {
    let folder = try Folder()
    var journal = try folder.open(beginning: origin(1))
    try journal.append(0..<3000)
    try journal.commit()
    try journal.pruneAll(1024, .max)
    #expect(journal.durable.oldest == 0, "nothing was acknowledged")
    _ = try journal.acknowledge(2000, root: expectedRoot(2000))
    try journal.commit()
    try journal.pruneAll(.max, 600_000)
    #expect(journal.durable.oldest == 512, "records up to 600 are older than 600 seconds")
    try journal.pruneAll(1024, 0)
    #expect(journal.durable.oldest == 1792, "1976 may go, in steps of 256")
    #expect(try journal.bytes(1791) == nil)
    #expect(try journal.bytes(1792) == record(1792))
    #expect(try journal.root(at: 1791) == nil)
    for size in [1792, 1793, 2047, 2048, 2999] {
      #expect(try journal.root(at: UInt64(size)) == expectedRoot(size), "\(size)")
    }
    let state = journal.durable
    for index in stride(from: UInt64(1792), to: 3000, by: 97) {
      #expect(try journal.inclusionProof(index, size: 3000, of: state) != nil)
    }
    #expect(try journal.inclusionProof(1791, size: 3000, of: state) == nil)
    try journal.verify(state)
    let nodes = UInt64(state.oldest.nonzeroBitCount) + 2 * (3000 - 1792)
    try journal.append(3000..<3001)
    try journal.commit()
    #expect(journal.durable.tree.root == expectedRoot(3001))
    _ = consume journal
    let kept = try #require(UInt64(folder.sql("SELECT count(*) FROM nodes").dropLast()))
    #expect(kept <= nodes)
    var again = try folder.open()
    try again.verify(again.durable)
  }

  @Test("keeps the old log when another is begun")
  func newOrigin() throws {
    let folder = try Folder()
    try folder.fill(20)
    do {
      var journal = try folder.open()
      try journal.beginLog(origin(2), unixMilliseconds: 77)
      #expect(journal.durable.size == 0 && journal.durable.origin == origin(2))
      try journal.append(100..<103)
      try journal.commit()
    }
    var journal = try folder.open()
    #expect(journal.durable.origin == origin(2) && journal.durable.size == 3)
    let old = try #require(try journal.log(after: 0))
    #expect(old.origin == origin(1) && old.size == 20 && old.isEnded)
    #expect(old.tree.root == expectedRoot(20))
    try journal.verify(old)
    try journal.verify(journal.durable)
    #expect(
      try journal.find(reference("ref-7"))
        == RecordPlace(origin: origin(1), index: 7, isCurrent: false))
    let none = try journal.log(after: 2)
    #expect(none == nil)
  }
}
