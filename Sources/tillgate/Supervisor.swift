// The thread of ordinary priority that talks: it puts the loop's occurrences into words, tells
// systemd how the loop fares, and takes signals.

import Controller
import Link
import LinuxBoard
import Octets

/// Watches over a running loop.
struct Supervisor: ~Copyable {
  /// How often it looks.
  static let round = Interval.milliseconds(5)

  private let shared: UnsafeMutablePointer<SharedState>
  private let tick: Interval
  private let releases: LatencyHistogram
  private var lateReleases: UInt64 = 0
  private var waitingRecords: UInt64 = 0
  private var ignoredSwipes: UInt64 = 0
  private var lastAlive: (at: Instant, ticks: UInt64)
  private var countsDue: Instant

  init(_ shared: UnsafeMutablePointer<SharedState>, tick: Interval) throws(NoMemory) {
    releases = try LatencyHistogram()
    self.shared = shared
    self.tick = tick
    lastAlive = (MonotonicClock.now(), 0)
    countsDue = lastAlive.at
  }

  /// Returns when the program is asked to stop.
  mutating func run() {
    while true {
      let signal = Signal.wait(upTo: Self.round)
      drain()
      feedWatchdog()
      leaveCounts()
      switch signal {
      case nil: break
      case .hangUp: printTimes()
      case .interrupt, .terminate: return ServiceManager.stopping()
      }
    }
  }

  /// Puts into words what has not been said yet.
  mutating func drain() {
    while let occurrence = shared.pointee.occurrences.pop() { say(occurrence) }
  }

  /// A loop that runs less than half its slots is not alive.
  private mutating func feedWatchdog() {
    guard let period = ServiceManager.watchdogPeriod else { return }
    let now = MonotonicClock.now()
    let elapsed = (now - lastAlive.at).nanoseconds
    guard elapsed * 3 >= period.nanoseconds else { return }
    let ticks = shared.pointee.ticks
    if Int64(ticks - lastAlive.ticks) * 2 * tick.nanoseconds >= elapsed { ServiceManager.alive() }
    lastAlive = (now, ticks)
  }

  /// Leaves the counts for the doctor. A file that cannot be written is the doctor's to miss.
  private mutating func leaveCounts() {
    let now = MonotonicClock.now()
    guard !(now < countsDue) else { return }
    countsDue = now + RunningCounts.period
    RunningCounts.write(shared.pointee.link, releases: releases.count, late: lateReleases)
  }

  private mutating func say(_ occurrence: Occurrence) {
    switch occurrence.code {
    case .released: releases.record(.init(nanoseconds: Int64(occurrence.amount)))
    case .releasedLate:
      releases.record(.init(nanoseconds: Int64(occurrence.amount)))
      lateReleases += 1
    case .recordWaits: waitingRecords += 1
    case .swipeIgnored: ignoredSwipes += 1
    default: break
    }
    if occurrence.code == .firstTick { ServiceManager.ready() }
    var line = Line()
    line.add(occurrence.at.nanoseconds / 1_000_000)
    line.add(" ms: ")
    line.add(occurrence.words)
    switch occurrence.code {
    case .swipeRead, .swipeUnreadable:
      line.add(", tracks")
      for track in 0..<3 where occurrence.detail >> UInt16(track) & 1 == 1 {
        line.add(" ")
        line.add(track + 1)
      }
    case .ended:
      line.add(", outcome ")
      line.add(occurrence.detail)
    case .tapRead:
      line.add(", kernel ")
      line.add(occurrence.detail)
    case .tapFailed:
      line.add(", message ")
      line.add(hex: UInt8(truncatingIfNeeded: occurrence.detail))
    case .scanRead:
      line.add(", wallet ")
      line.add(occurrence.detail)
    case .refused, .scanRefused, .tillRefused:
      line.add(", reason ")
      line.add(hex: UInt8(truncatingIfNeeded: occurrence.detail))
    case .pairingCode:
      line.add(" ")
      line.add(sixDigits: occurrence.amount)
    case .pairingWrongCode:
      line.add(", tries left ")
      line.add(occurrence.detail)
    case .reconciled where occurrence.amount > 0:
      line.add(", records taken back: ")
      line.add(occurrence.amount)
    case .released, .releasedLate:
      line.add(", ")
      line.add(occurrence.amount / 1_000)
      line.add(" us after the last edge")
    default: break
    }
    line.print(to: .error)
  }

  /// What was measured, one line a subject, in nanoseconds.
  borrowing func printTimes() {
    print("tick-lateness", shared.pointee.lateness)
    print("tick-execution", shared.pointee.execution)
    print("release-latency", releases)
  }

  private func print(_ name: StaticString, _ histogram: borrowing LatencyHistogram) {
    var line = Line()
    line.add(name)
    line.add(" ns: count=")
    line.add(histogram.count)
    line.add(" p50=")
    line.add(histogram.percentile(permille: 500).nanoseconds)
    line.add(" p99=")
    line.add(histogram.percentile(permille: 990).nanoseconds)
    line.add(" p999=")
    line.add(histogram.percentile(permille: 999).nanoseconds)
    line.add(" max=")
    line.add(histogram.maximum.nanoseconds)
    line.print()
  }

  /// What was counted, once everything has stopped.
  borrowing func printCounts(
    edges: borrowing CapturedEdges, link: LinkCounts, unsaid: UInt64
  ) {
    var line = Line()
    line.add("counts: releases=")
    line.add(releases.count)
    line.add(" late=")
    line.add(lateReleases)
    line.add(" waiting=")
    line.add(waitingRecords)
    line.add(" ignored-swipes=")
    line.add(ignoredSwipes)
    line.add(" edges=")
    line.add(edges.edges)
    line.add(" gaps=")
    line.add(edges.gaps)
    line.add(" refused-edges=")
    line.add(edges.refused)
    line.add(" bad-edges=")
    line.add(edges.badRecords)
    line.add(" frames=")
    line.add(link.frames.good)
    line.add(" noise=")
    line.add(link.frames.noise)
    line.add(" forged=")
    line.add(link.sessions.forged)
    line.add(" replayed=")
    line.add(link.sessions.replayed)
    line.add(" unsaid=")
    line.add(unsaid)
    line.print()
  }
}

extension Occurrence {
  var words: StaticString {
    switch code {
    case .firstTick: "the loop runs"
    case .linkUp: "session with the register"
    case .armed: "waiting for a card"
    case .refused: "request refused"
    case .swipeRead: "swipe read"
    case .swipeUnreadable: "swipe not readable"
    case .swipeIgnored: "swipe without a payment ignored"
    case .released: "record released"
    case .releasedLate: "record released late"
    case .recordWaits: "record waits for the register"
    case .aborted: "payment abandoned by the register"
    case .timedOut: "no card came in time"
    case .captureGap: "edges were lost"
    case .registerPortLost: "the register's port is gone"
    case .registerPortFound: "the register's port is there"
    case .readerFound: "the contactless reader answers"
    case .readerLost: "the contactless reader does not answer"
    case .tapRead: "tap read"
    case .tapFailed: "tap gave no record"
    case .tapIgnored: "tap after its transaction's end ignored"
    case .reconciled: "register and log agree"
    case .logsDiffer: "the register's records contradict the log: see docs/PROTOCOL.md, section 6"
    case .journalStoring where detail == 0: "records cannot be stored: no new card is taken"
    case .journalStoring: "records can be stored again"
    case .keysMissing: "no keys: load some with `tillgate keys load`"
    case .ended: "transaction ended"
    case .pairingOpened: "a register can be paired for two minutes"
    case .pairingCode: "pairing code"
    case .pairingWrongCode: "wrong pairing code"
    case .pairingExpired: "pairing code not used"
    case .paired: "register paired"
    case .pairingClosed: "no register can be paired any more"
    case .watcherUp: "a register watches"
    case .scanRead: "payment code read"
    case .scanRefused: "payment code refused"
    case .scanIgnored: "scan without a payment ignored"
    case .tillRefused: "request of the older till refused"
    case .tillGone: "the older till did not take its answer"
    }
  }
}
