// The journal's thread: of ordinary priority, it may wait for the disk as long as the disk likes.

import CLinux
import Journal
import LinuxBoard
import Octets
import Profile

struct JournalWriter: ~Copyable {
  /// How often it looks. A record is durable this much and a sync after its capture.
  static let round = Interval.milliseconds(2)
  /// How often it looks how full the disk is.
  static let betweenRoomChecks = Interval.seconds(1)

  private let shared: UnsafeMutablePointer<SharedState>
  private let directory: Path
  var desk: JournalDesk
  private var roomCheckAt = Instant(nanoseconds: 0)
  private var saidRefusals: UInt64 = 0

  init(
    _ shared: UnsafeMutablePointer<SharedState>, desk: consuming JournalDesk, directory: Path
  ) {
    self.shared = shared
    self.desk = desk
    self.directory = directory
  }

  /// The body of the thread. It outlives the loop, and stores what the loop left.
  mutating func run() {
    while !shared.pointee.isJournalStopping {
      if !step() { MonotonicClock.sleep(until: MonotonicClock.now() + Self.round) }
    }
    while step() {}
    if desk.isBehind {
      Console.error.print("the disk took no more: the register gives back what it already has")
    }
  }

  /// One group; false when there was nothing to do, or nothing could be done.
  private mutating func step() -> Bool {
    let now = MonotonicClock.now()
    if now >= roomCheckAt {
      roomCheckAt = now + Self.betweenRoomChecks
      desk.note(freeBytes: directory.withPointer { tg_free_bytes($0) })
    }
    let shared = self.shared
    guard shared.pointee.journalReports.room >= JournalDesk.answers else { return false }
    let wasBusy = desk.step(
      now: now, unixMilliseconds: tg_unix_milliseconds(),
      take: { shared.pointee.journalRequests.pop() },
      tell: {
        let wasTaken = shared.pointee.journalReports.push($0)
        precondition(wasTaken, "there was room for all answers of a group")
      })
    if desk.refusals > saidRefusals, let refusal = desk.refusal {
      // Once for each spell of refusals: they are repeated every second.
      if saidRefusals == 0 || wasBusy { say(refusal) }
      saidRefusals = desk.refusals
    }
    return wasBusy
  }

  private func say(_ refusal: JournalError) {
    var line = Line()
    line.add("the journal ")
    line.add(refusal)
    line.add("; no new card is taken, what was taken waits and is tried again every second")
    line.print(to: .error)
  }
}
