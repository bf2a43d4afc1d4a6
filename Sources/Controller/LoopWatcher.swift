// A second register that only watches, on a line of its own: it is told what the first is told, and
// cannot change anything.

import Link
import Octets

/// What the loop has of such a line.
public struct Watcher: ~Copyable {
  fileprivate var link: WatchLink
  /// The frame on its way to the port; its first `sentCount` bytes have been taken.
  private var frame = WireFrame()
  private var sentCount = 0

  public init(_ link: consuming WatchLink) { self.link = link }

  mutating func wipe() { link.wipe() }
  mutating func send(_ message: ControllerMessage) { link.send(message) }
  mutating func unpin(_ register: PublicKey) { link.unpin(register) }

  mutating func pin(_ register: PublicKey) {
    // No room, or no good key: the other line has said so.
    do throws(KeyError) { try link.pin(register) } catch {}
  }

  /// Whether there is a frame to be handed on.
  fileprivate mutating func prepare(
    now: Instant, outbox: borrowing Outbox, end: UInt64, pairing: inout ControllerPairing
  ) -> Bool {
    !frame.isEmpty
      || link.nextOutput(now: now, outbox: outbox, end: end, pairing: &pairing, into: &frame)
  }

  fileprivate mutating func handOn(_ send: (Span<UInt8>) -> Int) {
    sentCount += frame.withBytes { send($0.extracting(sentCount...)) }
    if sentCount == frame.count { dropFrame() }
  }

  fileprivate mutating func dropFrame() {
    frame.removeAll()
    sentCount = 0
  }
}

extension Loop where B: ~Copyable {
  /// After everything that is due: nobody waits for a watcher.
  mutating func serveWatcher(now: Instant) {
    if board.portChange(of: .watcher) != .none { watcher?.dropFrame() }
    if watcher?.link.needsEphemeral == true {
      var random = Link.Key()
      board.random(into: &random)
      watcher?.link.provideEphemeral(&random)
    }
    received.removeAll()
    board.receive(from: .watcher, into: &received)
    var offset = 0
    while let event = nextWatchEvent(&offset, now: now) { take(event, now: now) }
    writeToWatcher(now: now)
  }

  private mutating func nextWatchEvent(_ offset: inout Int, now: Instant) -> WatchEvent? {
    let end = link.end(of: outbox)
    return received.withBytes {
      watcher?.link.receive($0, from: &offset, now: now, end: end, pairing: &link.pairing)
    } ?? nil
  }

  private mutating func take(_ event: WatchEvent, now: Instant) {
    switch event {
    case .sessionStarted:
      board.report(Occurrence(at: now, code: .watcherUp))
      watcher?.send(.boot(link.boot(outbox)))
    case .time: watcher?.send(.boot(link.boot(outbox)))
    case .totals:
      let epoch = UInt64(terminal.epoch)
      let totals = transaction.totals(TotalsRequest(), epoch: epoch, now: now)
      watcher?.send(.totals(totals))
    case .diagnosis:
      let diagnosis = diagnosis(now: now)
      watcher?.send(.diagnosis(diagnosis))
    case .pairing(let event): take(event, now: now)
    }
  }

  private mutating func writeToWatcher(now: Instant) {
    let end = link.end(of: outbox)
    let isDue = watcher?.prepare(now: now, outbox: outbox, end: end, pairing: &link.pairing)
    if isDue == true { watcher?.handOn { board.send($0, to: .watcher) } }
  }
}
