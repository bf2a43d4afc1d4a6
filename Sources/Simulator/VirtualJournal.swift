// The journal in the simulated world: the product's own, on a disk that goes wrong by seed, with
// the rings that stand between it and the loop.

import Journal
import Link
import Octets

/// A queue as the firmware's rings are: of a fixed size, refusing when full.
struct VirtualRing<Element: BitwiseCopyable>: ~Copyable {
  static var capacity: Int { 64 }
  private var places = InlineArray<64, Element?>(repeating: nil)
  private var first = 0
  private(set) var count = 0

  mutating func push(_ element: Element) -> Bool {
    guard count < Self.capacity else { return false }
    places[(first + count) % Self.capacity] = element
    count += 1
    return true
  }

  mutating func pop() -> Element? {
    guard count > 0 else { return nil }
    defer {
      first = (first + 1) % Self.capacity
      count -= 1
    }
    return places[first]
  }

  mutating func removeAll() { count = 0 }
}

/// About 130 KiB.
public struct VirtualJournal: ~Copyable {
  /// Nil while the controller is down. On the heap because an optional's value would be copied.
  private var desk: UnsafeMutablePointer<JournalDesk>?
  private var requests = VirtualRing<JournalRequest>()
  private var reports = VirtualRing<JournalReport>()
  /// The disk is at work until then; what it did is heard of no earlier.
  private var busyUntil = Instant(nanoseconds: 0)
  /// Names the log that goes on.
  private(set) var origin: Origin?
  /// What would survive a power cut; nil while the controller is down.
  private(set) var log: LogState?
  /// Whether the journal did not open, and not for the disk's refusing: it was lost or damaged.
  private(set) var isLost = false

  init() {}

  deinit {
    desk?.deinitialize(count: 1)
    desk?.deallocate()
  }

  /// Opens the journal as the firmware does, or begins it as `newOrigin` when there never was one;
  /// returns the loop's outbox.
  mutating func open(
    on disk: borrowing FaultDisk, newOrigin: Origin, now: Instant
  ) throws(DiskError) -> Outbox {
    close()
    busyUntil = now
    var isKnown = true
    do throws(DiskError) { _ = try disk.size(of: Self.keyName) } catch {
      guard error == .missing else { throw error }
      isKnown = false
    }
    let outbox: Outbox
    do throws(JournalError) {
      outbox = try open(on: disk, beginning: isKnown ? nil : newOrigin)
    } catch {
      note(error)
      throw DiskError(errno: 5)
    }
    try disk.syncDirectory()
    if !isKnown {
      try withLiteral("key") { (key) throws(DiskError) in
        try disk.replace(Self.keyName, by: key, through: "log.sealed.new")
      }
    }
    return outbox
  }

  private static var keyName: DiskName { "log.sealed" }

  private mutating func open(
    on disk: borrowing FaultDisk, beginning origin: Origin?
  ) throws(JournalError) -> Outbox {
    let board = withLiteral("a simulated board's public key..") { Digest($0) }
    let name: StaticString = "log.db"
    guard let board else { preconditionFailure("32 bytes") }
    let journal = try disk.withVFS { (vfs) throws(JournalError) in
      try Journal(
        JournalFile(path: name.utf8Start, vfs: vfs, board: board), beginning: origin,
        unixMilliseconds: 0)
    }
    let log = journal.durable
    var desk = JournalDesk(
      journal,
      policy: JournalPolicy(
        keptRecords: 100_000, keptMilliseconds: 90 * 86_400_000, reserveBytes: 0))
    let start = try desk.start()
    self.origin = log.origin
    self.log = log
    let place = UnsafeMutablePointer<JournalDesk>.allocate(capacity: 1)
    place.initialize(to: desk)
    self.desk = place
    return Outbox(
      tree: log.tree, start: start, oldest: log.oldest, acknowledged: log.acknowledged)
  }

  private mutating func note(_ error: JournalError) {
    switch error {
    case .missing, .foreign, .newerVersion, .otherBoard, .damaged: isLost = true
    case .busy, .readOnly, .full, .system: break
    }
  }

  /// The program ends: no file is open afterwards, and what was not stored is gone.
  mutating func close() {
    desk?.deinitialize(count: 1)
    desk?.deallocate()
    desk = nil
    log = nil
    requests.removeAll()
    reports.removeAll()
  }

  mutating func request(_ request: JournalRequest) -> Bool {
    // As in the firmware, room for records is kept from questions.
    if case .append = request { return requests.push(request) }
    return requests.count < VirtualRing<JournalRequest>.capacity / 2 && requests.push(request)
  }

  mutating func nextReport(now: Instant) -> JournalReport? {
    now >= busyUntil ? reports.pop() : nil
  }

  /// One turn of the journal's thread.
  mutating func step(on disk: borrowing FaultDisk, now: Instant) {
    guard now >= busyUntil, reports.count == 0 else { return }
    if let desk {
      let wasBusy = desk.pointee.step(
        now: now, unixMilliseconds: nil, take: { requests.pop() },
        tell: {
          let wasTaken = reports.push($0)
          precondition(wasTaken, "one group's answers fit the empty ring")
        })
      if wasBusy { log = desk.pointee.journal.durable }
    }
    busyUntil = now + disk.takeElapsed()
  }
}

extension FaultDisk {
  /// Calls `body` with the VFS's name as the journal takes it.
  func withVFS<R: ~Copyable, E: Error>(
    _ body: (UnsafePointer<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try body(UnsafeRawPointer(vfs).assumingMemoryBound(to: UInt8.self))
  }
}
