// `tillgate run BOARD.ini`: opens what outlives the program, makes what the threads share, starts
// them, and stays until it is told to stop.

import CLinux
import CSodium
import Controller
import Identity
import Link
import LinuxBoard
import Octets
import Profile
import Vault

func run(_ arguments: Arguments) -> Int32 {
  guard arguments.count == 2 else {
    Console.error.print("usage: tillgate run BOARD.ini")
    return Exit.usage
  }
  guard let profile = readProfile(1, arguments) else { return Exit.failure }
  Signal.hold()
  RealTime.enter().describe { Console.error.print($0) }
  guard sodium_init() >= 0 else {
    Console.error.print("tillgate run: the system gives no randomness")
    return Exit.failure
  }
  do throws(StartFailure) {
    try runThreads(profile)
    return Exit.success
  } catch {
    error.print(profile)
    return Exit.failure
  }
}

/// Starts everything and returns when all of it has ended. Threads end in the reverse order of
/// their start, and before the memory they share.
private func runThreads(_ profile: BoardProfile) throws(StartFailure) {
  let shared = try lock { (place: UnsafeMutablePointer<SharedState>) throws(NoMemory) in
    place.initialize(to: try SharedState())
  }
  let edges = try lock { (place: UnsafeMutablePointer<CapturedEdges>) throws(NoMemory) in
    place.initialize(to: try CapturedEdges())
  }
  let slot = try lockSlot()
  let readerSlot = try lockSlot()
  let scannerSlot = try lockSlot()
  let watcherSlot = try lockSlot()
  let displaySlot = try lockSlot()
  let concertSlot = try lockSlot()
  var parts = try Parts(
    profile, shared.pointer, edges.pointer, slot.pointer, reader: readerSlot.pointer,
    devices: DeviceSlots(
      scanner: scannerSlot.pointer, display: displaySlot.pointer,
      watcher: watcherSlot.pointer, concert: concertSlot.pointer))
  // The first batch of keys is durable before the loop can ask for it.
  parts.keeper?.fillMailbox(now: MonotonicClock.now())
  let keeper = try lock { (place: UnsafeMutablePointer<Keeper>) in
    place.initialize(to: parts.keeper.take()!)
  }
  let loop = try lock { (place: UnsafeMutablePointer<LoopThread>) in
    place.initialize(to: parts.loop.take()!)
  }
  let writer = try lock { (place: UnsafeMutablePointer<JournalWriter>) in
    place.initialize(to: parts.writer.take()!)
  }
  // What was moved to its place left copies of keys on the stack.
  sodium_stackzero(256 * 1024)
  if !(shared.isLocked && edges.isLocked && loop.isLocked && keeper.isLocked) {
    Console.error.print("card data and keys may reach the swap: memory could not be locked")
  }
  var supervisor: Supervisor
  do throws(NoMemory) {
    supervisor = try Supervisor(shared.pointer, tick: profile.loop.tick)
  } catch { throw .memory }
  Sandbox.enter(profile).describe { Console.error.print($0) }
  let capture: CaptureThread
  do throws(CaptureFailure) { capture = try CaptureThread(profile, edges.pointer) } catch {
    throw StartFailure(error)
  }
  do throws(NoThread) {
    try superviseThreads(
      profile, keeper.pointer, writer.pointer, loop.pointer, shared.pointer, &supervisor)
  } catch {
    capture.stop()
    throw .thread(errno: error.reason)
  }
  capture.stop()
  supervisor.drain()
  supervisor.printTimes()
  supervisor.printCounts(
    edges: edges.pointer.pointee, link: loop.pointer.pointee.loop.linkCounts,
    unsaid: shared.pointer.pointee.occurrences.refused)
}

/// Runs loop and keeper until a signal ends the program.
private func superviseThreads(
  _ profile: BoardProfile, _ keeper: UnsafeMutablePointer<Keeper>,
  _ writer: UnsafeMutablePointer<JournalWriter>, _ loop: UnsafeMutablePointer<LoopThread>,
  _ shared: UnsafeMutablePointer<SharedState>,
  _ supervisor: inout Supervisor
) throws(NoThread) {
  let keeping = try Thread("keeper", .ordinary, context: keeper) { context in
    context!.assumingMemoryBound(to: Keeper.self).pointee.run()
  }
  let writing = try Thread("journal", .ordinary, context: writer) { context in
    context!.assumingMemoryBound(to: JournalWriter.self).pointee.run()
  }
  let looping: Thread
  do throws(NoThread) { looping = try startLoop(profile, loop) } catch {
    shared.pointee.stop()
    shared.pointee.stopJournal()
    throw error
  }
  looping.lacks.describe { Console.error.print($0) }
  supervisor.run()
  shared.pointee.stop()
  looping.join()
  shared.pointee.stopJournal()
  writing.join()
  keeping.join()
}

private func startLoop(
  _ profile: BoardProfile, _ loop: UnsafeMutablePointer<LoopThread>
) throws(NoThread) -> Thread {
  try Thread(
    "loop", .realTime(profile.loop.priority), cpu: profile.loop.processor.map { Int32($0) },
    context: loop
  ) { context in
    context!.assumingMemoryBound(to: LoopThread.self).pointee.run()
  }
}

private func lockSlot() throws(StartFailure) -> LockedMemory<PortSlot> {
  try lock { (place: UnsafeMutablePointer<PortSlot>) in place.initialize(to: PortSlot()) }
}

private func lock<Value: ~Copyable>(
  _ initialise: (UnsafeMutablePointer<Value>) throws(NoMemory) -> Void
) throws(StartFailure) -> LockedMemory<Value> {
  do throws(NoMemory) { return try LockedMemory<Value>(initialise) } catch { throw .memory }
}

/// The loop with its grid, as its thread runs it.
struct LoopThread: ~Copyable {
  var loop: Loop<RealBoard>
  private let period: Interval
  private let shared: UnsafeMutablePointer<SharedState>
  private let reader: UnsafeMutablePointer<PortSlot>
  /// Between two slots the reader is served up to here before the next.
  private static let margin = Interval.microseconds(100)

  init(
    _ loop: consuming Loop<RealBoard>, period: Interval,
    _ shared: UnsafeMutablePointer<SharedState>, reader: UnsafeMutablePointer<PortSlot>
  ) {
    self.loop = loop
    self.period = period
    self.shared = shared
    self.reader = reader
  }

  mutating func run() {
    var ticker = Ticker(period: period, start: MonotonicClock.now() + period)
    while !shared.pointee.isStopping {
      serveReader(until: ticker.next)
      let tick = ticker.wait(recording: shared.pointee.lateness)
      run(at: tick.now)
      shared.pointee.noteTick()
      // About once a second.
      if tick.number & 1023 == 0 { shared.pointee.link.store(loop.linkCounts) }
      // A window as wide as a tick has no room for a tick's own lateness: meet its beginning.
      if let due = loop.due, due - tick.now < period {
        MonotonicClock.sleep(until: due)
        run(at: MonotonicClock.now())
      }
    }
    loop.wipe()
  }

  /// A card waits for the next command: its answers are taken as they come, not at the next slot.
  private mutating func serveReader(until slot: Instant) {
    while loop.awaitsReader {
      let left = slot - MonotonicClock.now()
      let time = Interval(nanoseconds: left.nanoseconds - Self.margin.nanoseconds)
      guard time > .milliseconds(0), reader.pointee.wait(upTo: time) else { return }
      loop.serveReader(now: MonotonicClock.now())
    }
  }

  private mutating func run(at now: Instant) {
    loop.tick(now: now)
    shared.pointee.execution.record(MonotonicClock.now() - now)
  }
}
