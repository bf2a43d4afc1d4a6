// The thread of ordinary priority that may wait: it keeps batches of keys coming, durable before
// they are used, and opens the register's port again when it was lost.

import LinuxBoard
import Octets
import Vault

/// Owns what outlives a power cut.
struct Keeper: ~Copyable {
  /// How often it looks. A batch of 32 keys lasts for longer than anyone can swipe in this time.
  static let round = Interval.milliseconds(20)
  /// After a disk refused a write.
  static let pauseAfterFailure = Interval.seconds(1)

  private let shared: UnsafeMutablePointer<SharedState>
  private var store: VaultStore
  private var keys: KeyKeeper
  private var desk: PairingDesk
  private var port: PortKeeper
  private var reader: PortKeeper?
  private var scanner: PortKeeper?
  private var watcher: PortKeeper?
  private var display: PortKeeper?
  private var concert: PortKeeper?
  private var retryAt: Instant?

  init(
    _ shared: UnsafeMutablePointer<SharedState>, store: consuming VaultStore,
    keys: consuming KeyKeeper, desk: consuming PairingDesk, port: consuming PortKeeper,
    reader: consuming PortKeeper?, scanner: consuming PortKeeper?, display: consuming PortKeeper?,
    watcher: consuming PortKeeper?, concert: consuming PortKeeper?
  ) {
    self.shared = shared
    self.store = store
    self.keys = keys
    self.desk = desk
    self.port = port
    self.reader = reader
    self.scanner = scanner
    self.watcher = watcher
    self.display = display
    self.concert = concert
  }

  /// The body of the thread.
  mutating func run() {
    while !shared.pointee.isStopping {
      let now = MonotonicClock.now()
      port.tend(at: now)
      reader?.tend(at: now)
      scanner?.tend(at: now)
      watcher?.tend(at: now)
      display?.tend(at: now)
      concert?.tend(at: now)
      desk.tend(store, now: now)
      fillMailbox(now: now)
      MonotonicClock.sleep(until: now + Self.round)
    }
    keys.wipe()
    desk.wipe()
    store.wipe()
  }

  /// Puts the next batch into the mailbox once the loop has taken the last.
  mutating func fillMailbox(now: Instant) {
    guard shared.pointee.keys.wantsKeys else { return }
    if let retryAt, now < retryAt { return }
    retryAt = nil
    do throws(VaultError) { try keys.prepareLease() } catch {
      return shared.pointee.keys.closeEmpty()
    }
    do throws(StoreError) {
      try shared.pointee.keys.put { (lease) throws(StoreError) in
        try store.commitLease(&keys, into: &lease)
      }
    } catch {
      // The batch stays prepared; not a key of it was handed out.
      retryAt = now + Self.pauseAfterFailure
      report(error)
    }
  }

  private func report(_ error: StoreError) {
    var line = Line()
    line.add("the next keys could not be made durable; payments go on while the last batch lasts")
    if case .state(let reason) = error {
      line.add(": ")
      line.add(reason)
    }
    line.print(to: .error)
  }
}
