// Edges from the bench: live over a FIFO, pty or UNIX socket, or recorded in a file.

import CLinux
import Magstripe
import Octets

struct StreamFeed: ~Copyable {
  private struct Live {
    var descriptor: Int32
    var isFIFO: Bool
    var since: Instant
  }
  private enum State {
    case away
    case live(Live)
    /// `shift` moves the recording's times to now; nil until its first record is read.
    case recording(Int32, shift: Interval?)
    case ended
  }
  /// Pause after a read, so that many edges come at once: 16 bytes each, 4096 in a full pipe.
  private static let pause = Interval.microseconds(500)

  private let path: DeviceName
  private var decoder: EdgeStreamDecoder
  private var state = State.away
  private var wasOpen = false
  private var backOff = BackOff()
  private var chunk = InlineArray<4096, UInt8>(repeating: 0)

  init(_ path: DeviceName, _ lines: LineTable) {
    self.path = path
    decoder = EdgeStreamDecoder(lines: lines)
  }

  mutating func close() {
    switch state {
    case .away, .ended: break
    case .live(let live): tg_stream_close(live.descriptor)
    case .recording(let descriptor, _): tg_stream_close(descriptor)
    }
    state = .away
  }

  /// One round of waiting and reading, at most 50 ms long.
  mutating func turn(_ outlet: inout EdgeOutlet) {
    let now = MonotonicClock.now()
    switch state {
    case .away: open(now, &outlet)
    case .live(let live): receive(live, &outlet)
    case .recording(let descriptor, let shift): play(descriptor, shift, &outlet)
    case .ended:
      outlet.shared.pointee.note(completeUntil: now)
      MonotonicClock.sleep(until: now + outlet.patience(at: now))
    }
  }

  private mutating func open(_ now: Instant, _ outlet: inout EdgeOutlet) {
    let remaining = backOff.remaining(at: now)
    guard remaining == .milliseconds(0) else {
      return MonotonicClock.sleep(until: now + min(remaining, EdgeOutlet.patience))
    }
    var kind: Int32 = 0
    let descriptor = path.withCString { tg_stream_open($0, &kind) }
    guard descriptor >= 0 else {
      backOff.failed(at: now)
      outlet.shared.pointee.note(.away, failure: -descriptor)
      return
    }
    begin(descriptor, kind, now, &outlet)
  }

  private mutating func begin(
    _ descriptor: Int32, _ kind: Int32, _ now: Instant, _ outlet: inout EdgeOutlet
  ) {
    decoder.restart()
    if wasOpen { outlet.emitGap(at: now) }
    wasOpen = true
    switch kind {
    case Int32(TG_STREAM_FILE): state = .recording(descriptor, shift: nil)
    default:
      let isFIFO = kind == Int32(TG_STREAM_FIFO)
      state = .live(Live(descriptor: descriptor, isFIFO: isFIFO, since: now))
    }
    outlet.shared.pointee.note(.open)
  }

  private mutating func receive(_ live: Live, _ outlet: inout EdgeOutlet) {
    let asked = MonotonicClock.now()
    let limit = outlet.patience(at: asked)
    let ready = tg_stream_wait(live.descriptor, UInt64(limit.nanoseconds))
    guard ready != 0 else { return outlet.shared.pointee.note(completeUntil: asked) }
    let read = ready < 0 ? Int(ready) : fill(live.descriptor, chunk.count)
    let now = MonotonicClock.now()
    guard read >= 0 else { return lose(live, Int32(-read), now, &outlet) }
    decoder.feed(chunk.span.extracting(0..<min(read, chunk.count)), now: now) { outlet.emit($0) }
    outlet.shared.pointee.note(badRecords: decoder.badRecords)
    wipeChunk()
    // A full chunk may have left some behind.
    guard read < chunk.count else { return }
    outlet.shared.pointee.note(completeUntil: asked)
    MonotonicClock.sleep(until: now + Self.pause)
  }

  private mutating func lose(
    _ live: Live, _ reason: Int32, _ now: Instant, _ outlet: inout EdgeOutlet
  ) {
    outlet.shared.pointee.note(.away, failure: reason)
    state = .away
    if live.isFIFO { reopen(now, &outlet) }
    tg_stream_close(live.descriptor)
    if case .away = state { backOff.lost(at: now, after: live.since) }
  }

  /// A FIFO's reading end that stays open says at once and for ever that its writer is gone, so it
  /// is opened afresh, before the old end is closed: what a new writer has written stays in it.
  private mutating func reopen(_ now: Instant, _ outlet: inout EdgeOutlet) {
    var kind: Int32 = 0
    let fresh = path.withCString { tg_stream_open($0, &kind) }
    if fresh >= 0 { begin(fresh, kind, now, &outlet) }
  }

  private mutating func fill(_ descriptor: Int32, _ size: Int) -> Int {
    var bytes = chunk.mutableSpan
    return bytes.withUnsafeMutableBytes { tg_stream_read(descriptor, $0.baseAddress, size) }
  }

  private mutating func wipeChunk() {
    var bytes = chunk.mutableSpan
    bytes.withUnsafeMutableBytes { tg_wipe($0.baseAddress, $0.count) }
  }
}

// Recordings.
extension StreamFeed {
  /// Plays one record, when its time has come.
  private mutating func play(
    _ descriptor: Int32, _ shift: Interval?, _ outlet: inout EdgeOutlet
  ) {
    let read = fill(descriptor, EdgeStreamDecoder.recordSize)
    guard read > 0 else {
      tg_stream_close(descriptor)
      state = .ended
      return outlet.shared.pointee.note(.ended)
    }
    var shift = shift
    decoder.feed(chunk.span.extracting(0..<min(read, chunk.count)), now: nil) { edge in
      if edge.signal == .gap { return outlet.emitGap(at: MonotonicClock.now()) }
      let moved = shift ?? MonotonicClock.now() - edge.at
      shift = moved
      var due = edge
      due.at = edge.at + moved
      if wait(until: due.at, outlet.shared) { outlet.emit(due) }
    }
    outlet.shared.pointee.note(badRecords: decoder.badRecords)
    wipeChunk()
    state = .recording(descriptor, shift: shift)
  }
}

/// False when the thread was asked to stop meanwhile: a recording may pause for minutes.
private func wait(
  until due: Instant, _ shared: UnsafeMutablePointer<CapturedEdges>
) -> Bool {
  while !shared.pointee.isStopping {
    let now = MonotonicClock.now()
    if !(now < due) { return true }
    shared.pointee.note(completeUntil: now)
    MonotonicClock.sleep(until: min(due, now + EdgeOutlet.alertPatience))
  }
  return false
}
