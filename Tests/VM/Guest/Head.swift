// A card through the head: the simulator's edges as line changes of the simulated chip, on a thread
// above all of the firmware's, as hardware is.

import LinuxBoard
import Magstripe
import Octets
import Simulator

/// A line change at a time after the swipe's start.
struct LineChange {
  var at: UInt64
  var line: Int
  /// Nil: the other level than before, as a flux reversal leaves it.
  var isHigh: Bool?
  /// Whether the firmware watches this edge of this line.
  var isWatched = true
}

/// A published test card's tracks, sentinels included.
struct TestCard {
  var track1: StaticString
  var track2: StaticString
  var track3: StaticString?
  var masked: StaticString

  static let visa = TestCard(
    track1: "%B4111111111111111^TEST/VISA^2812201000000000123?",
    track2: ";4111111111111111=28122010000000123?", masked: "411111******1111")
  static let mastercard = TestCard(
    track1: "%B5555555555554444^TEST/MASTERCARD^2911201000000000456?",
    track2: ";5555555555554444=29112010000000456?", track3: ";015555555555554444=0123456789?",
    masked: "555555******4444")

  func fill(_ tracks: inout StripeTracks) {
    do throws(Overflow) {
      try tracks.one.append(track1)
      try tracks.two.append(track2)
      if let track3 { try tracks.three.append(track3) }
    } catch { preconditionFailure("tracks of real cards fit") }
  }
}

/// One swipe, ready to be played.
struct Swipe {
  private(set) var changes: [LineChange] = []

  /// How long STROBE stays low: less than half a bit at 60 in/s and 210 bits an inch.
  private static let strobeLow: UInt64 = 30_000

  init(_ card: TestCard, _ conditions: SwipeConditions, seed: UInt64) {
    var tracks = StripeTracks()
    card.fill(&tracks)
    var swipe = StripeSwipe(tracks, conditions, seed: seed, start: Instant(nanoseconds: 0))
    while let edge = swipe.next() {
      guard let line = ChipLines.line(edge) else { continue }
      let at = edge.at.nanoseconds
      switch edge.signal {
      case .strobe:
        changes.append(LineChange(at: at, line: line, isHigh: false))
        changes.append(
          LineChange(at: at + Self.strobeLow, line: line, isHigh: true, isWatched: false))
      case .flux:
        changes.append(LineChange(at: at, line: line, isHigh: nil))
      default: changes.append(LineChange(at: at, line: line, isHigh: edge.isHigh))
      }
    }
    changes.sort { $0.at < $1.at }
  }

  var watched: UInt64 { UInt64(changes.count { $0.isWatched }) }

  /// Plays the swipe in real time; returns by how much its latest change was late, which no head
  /// is. Nil when there is no thread to be had.
  func play(at chip: Chip) -> Interval? {
    let player = UnsafeMutablePointer<Player>.allocate(capacity: 1)
    player.initialize(to: Player(changes: changes, chip: chip))
    defer {
      player.deinitialize(count: 1)
      player.deallocate()
    }
    do throws(NoThread) {
      let thread = try Thread("head", .realTime(80), context: player) { context in
        context!.assumingMemoryBound(to: Player.self).pointee.run()
      }
      thread.join()
      return player.pointee.late
    } catch { return nil }
  }
}

private struct Player {
  let changes: [LineChange]
  let chip: Chip
  var late = Interval.milliseconds(0)

  mutating func run() {
    let start = MonotonicClock.now() + .milliseconds(1)
    for change in changes {
      let due = start + Interval(nanoseconds: Int64(change.at))
      MonotonicClock.sleep(until: due)
      late = max(late, MonotonicClock.now() - due)
      chip.drive(change.line, isHigh: change.isHigh)
    }
  }
}
