// What makes the program punctual, as far as the system permits, and the threads it consists of.

import CLinux
import Octets

/// What the kernel refused. An unprivileged program runs without, and says so.
public struct RealTimeLacks: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let lockedMemory = Self(rawValue: 1)
  /// What is mapped now is locked, later memory is not.
  public static let futureLock = Self(rawValue: 2)
  public static let priority = Self(rawValue: 4)
  public static let affinity = Self(rawValue: 8)
  /// A crash could still write a core file.
  public static let coreFileBan = Self(rawValue: 16)
  public static let timerSlack = Self(rawValue: 32)

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
  /// Locks the program's memory, forbids core files and debuggers, and tightens timers. To be called
  /// once, before threads are started.
  public static func enter() -> RealTimeLacks { RealTimeLacks(rawValue: tg_enter_realtime()) }
}

/// The threads' ranks under `SCHED_FIFO`. The kernel's interrupt threads are at 50.
public enum Priority: Int32, Sendable {
  case ordinary = 0
  case loop = 60
  /// Above the loop: the kernel keeps as few as 16 edges.
  case capture = 70
}

/// The kernel would not start a thread; `reason` is its errno.
public struct NoThread: Error, Equatable {
  public var reason: Int32
}

/// A thread of 256 KiB stack. The owner waits for its end.
public struct Thread: ~Copyable, @unchecked Sendable {
  private let thread: OpaquePointer
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
    plan.priority = priority.rawValue
    plan.cpu = cpu ?? -1
    plan.body = body
    plan.context = context
    var started: OpaquePointer?
    let result = tg_thread_start(&plan, &started)
    guard result == 0, let started else { throw NoThread(reason: -result) }
    thread = started
    lacks = RealTimeLacks(rawValue: tg_thread_lacks(started))
  }

  /// Waits until the body has returned.
  deinit { tg_thread_join(thread) }

  /// Waits until the body has returned.
  public consuming func join() {}
}
