// What makes the program punctual, as far as the system permits, and the threads it consists of.

import CLinux
import Octets

/// Something that the kernel refused.
public enum RealTimeLack: UInt32, Sendable {
  case lockedMemory = 1
  /// What is mapped now is locked, later memory is not.
  case futureLock = 2
  case priority = 4
  case affinity = 8
  /// A crash could still write a core file.
  case coreFileBan = 16
  case timerSlack = 32
}

/// All that was refused. An unprivileged program runs without, and says so.
public struct RealTimeLacks: Equatable, Sendable {
  private var bits: UInt32

  init(bits: UInt32) { self.bits = bits }

  public var isEmpty: Bool { bits == 0 }
  public func contains(_ lack: RealTimeLack) -> Bool { bits & lack.rawValue != 0 }
  public mutating func add(_ more: RealTimeLacks) { bits |= more.bits }

  /// What is lacking and what would grant it, one line each.
  public func describe(_ say: (StaticString) -> Void) {
    if contains(.lockedMemory) {
      say("memory is not locked: grant CAP_IPC_LOCK or LimitMEMLOCK=infinity")
    } else if contains(.futureLock) {
      say("memory asked for later is not locked: grant CAP_IPC_LOCK or LimitMEMLOCK=infinity")
    }
    if contains(.priority) { say("no real-time priority: grant CAP_SYS_NICE or LimitRTPRIO=90") }
    if contains(.affinity) { say("a thread was not bound to its CPU: it is absent or not allowed") }
    if contains(.coreFileBan) { say("core files could not be forbidden") }
    if contains(.timerSlack) { say("timers may be 50 us late: timer slack could not be lowered") }
  }
}

public enum RealTime {
  /// Locks the program's memory, forbids core files and debuggers, and tightens timers. To be
  /// called once, before threads are started.
  public static func enter() -> RealTimeLacks { RealTimeLacks(bits: tg_enter_realtime()) }
}

/// A thread's rank: ordinary, or 1 to 99 under `SCHED_FIFO`. The kernel's interrupt threads are
/// at 50.
public struct Priority: Sendable {
  let rank: Int32

  public static var ordinary: Priority { Priority(rank: 0) }
  public static func realTime(_ rank: Int) -> Priority {
    Priority(rank: Int32(clamping: min(max(rank, 1), 99)))
  }
}

/// The kernel would not start a thread; `reason` is its errno.
public struct NoThread: Error, Equatable {
  public var reason: Int32
}

/// A thread of 256 KiB stack. The owner waits for its end.
public struct Thread: ~Copyable, @unchecked Sendable {
  @usableFromInline let thread: OpaquePointer
  /// `priority` and `affinity`, when refused.
  public let lacks: RealTimeLacks

  /// Starts `body` with `context`, which must outlive the thread. `name` has at most 15 characters;
  /// `cpu` is nil for any.
  public init(
    _ name: StaticString, _ priority: Priority, cpu: Int32? = nil,
    context: UnsafeMutableRawPointer?,
    _ body: @convention(c) (UnsafeMutableRawPointer?) -> Void
  ) throws(NoThread) {
    var plan = tg_thread_plan()
    plan.name = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    plan.priority = priority.rank
    plan.cpu = cpu ?? -1
    plan.body = body
    plan.context = context
    var started: OpaquePointer?
    let result = tg_thread_start(&plan, &started)
    guard result == 0, let started else { throw NoThread(reason: -result) }
    thread = started
    lacks = RealTimeLacks(bits: tg_thread_lacks(started))
  }

  /// Waits until the body has returned.
  @inlinable deinit { tg_thread_join(thread) }

  /// Waits until the body has returned.
  public consuming func join() {}
}
