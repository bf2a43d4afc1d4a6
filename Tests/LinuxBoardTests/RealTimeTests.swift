import CLinux
import FakeKernel
import Glibc
import Octets
import Testing

@testable import LinuxBoard

@Suite("What the system refuses is said, and run without")
struct RealTimeTests {
  @Test("an unprivileged program cannot lock what it will map later, but forbids core files")
  func humble() {
    let lacks = RealTimeLacks(bits: UInt32(run_in_child(1, tg_enter_realtime)))
    #expect(lacks.contains(.futureLock))
    #expect(!lacks.contains(.coreFileBan) && !lacks.contains(.timerSlack))
    var lines = 0
    lacks.describe { _ in lines += 1 }
    #expect(lines == 1)
  }

  @Test("a privileged one lacks nothing", .enabled(if: getuid() == 0))
  func privileged() {
    #expect(run_in_child(0, tg_enter_realtime) == 0)
  }

  @Test("a thread runs on a small stack under its name")
  func thread() throws {
    struct Seen {
      var name: (UInt64, UInt64) = (0, 0)
      var stack = 0
    }
    let memory = try LockedMemory<Seen> { $0.initialize(to: Seen()) }
    let thread = try LinuxBoard.Thread("board-test", .realTime(60), cpu: 0, context: memory.pointer)
    {
      let seen = $0!.assumingMemoryBound(to: Seen.self)
      withUnsafeMutableBytes(of: &seen.pointee.name) {
        thread_name($0.baseAddress!.assumingMemoryBound(to: CChar.self))
      }
      seen.pointee.stack = thread_stack_size()
    }
    thread.join()
    let name = withUnsafeBytes(of: &memory.pointer.pointee.name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    #expect(name == "board-test")
    #expect(memory.pointer.pointee.stack <= 256 * 1024)
  }

  @Test("a CPU that does not exist is refused, and the thread runs all the same")
  func affinity() throws {
    let memory = try LockedMemory<Int> { $0.initialize(to: 0) }
    let thread = try LinuxBoard.Thread("board-test", .ordinary, cpu: 1_000, context: memory.pointer)
    {
      $0!.assumingMemoryBound(to: Int.self).pointee = 1
    }
    let lacks = thread.lacks
    #expect(lacks.contains(.affinity))
    thread.join()
    #expect(memory.pointer.pointee == 1)
  }

  @Test("locked memory is zeroed, and ends its value's life")
  func lockedMemory() throws {
    final class Witness {
      static nonisolated(unsafe) var living = 0
      init() { Self.living += 1 }
      deinit { Self.living -= 1 }
    }
    struct State: ~Copyable {
      var bytes: InlineArray<100_000, UInt8>
      var witness: Witness
    }
    do {
      let memory = try LockedMemory<State> { pointer in
        let raw = UnsafeRawBufferPointer(start: pointer, count: 100_000)
        #expect(raw.allSatisfy { $0 == 0 })
        pointer.initialize(
          to: State(bytes: InlineArray(repeating: 7), witness: Witness()))
      }
      #expect(memory.pointer.pointee.bytes[99_999] == 7)
      #expect(Witness.living == 1)
    }
    #expect(Witness.living == 0)
  }
}

@Suite("systemd is told", .serialized)
struct ServiceManagerTests {
  private func told(at path: String, _ descriptor: Descriptor, _ tell: () -> Void) -> String {
    setenv("NOTIFY_SOCKET", path, 1)
    defer { unsetenv("NOTIFY_SOCKET") }
    tell()
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = recv(descriptor.number, &bytes, bytes.count, Int32(MSG_DONTWAIT))
    return String(decoding: bytes[..<max(count, 0)], as: UTF8.self)
  }

  @Test("over a socket in the file system")
  func path() {
    let folder = Folder()
    let manager = bound(SOCK_DGRAM, to: folder.name("notify"))
    #expect(told(at: folder.name("notify"), manager, ServiceManager.ready) == "READY=1")
    #expect(told(at: folder.name("notify"), manager, ServiceManager.alive) == "WATCHDOG=1")
    #expect(told(at: folder.name("notify"), manager, ServiceManager.stopping) == "STOPPING=1")
  }

  @Test("over an abstract socket")
  func abstract() {
    let name = "tillgate-test-\(getpid())"
    let manager = Descriptor(socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0))
    var address = socketAddress("\0" + name)
    let size = MemoryLayout<sa_family_t>.size + 1 + name.utf8.count
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        #expect(bind(manager.number, $0, socklen_t(size)) == 0)
      }
    }
    #expect(told(at: "@" + name, manager, ServiceManager.ready) == "READY=1")
  }

  @Test("nobody to tell is no error", arguments: [nil, "", "relative", "/nowhere/at/all"])
  func nobody(path: String?) {
    if let path { setenv("NOTIFY_SOCKET", path, 1) } else { unsetenv("NOTIFY_SOCKET") }
    defer { unsetenv("NOTIFY_SOCKET") }
    ServiceManager.ready()
  }

  @Test(
    "the watchdog's period is this process's own",
    arguments: [
      ("3000000", nil, 3_000), ("3000000", "own", 3_000), ("3000000", "1", nil), ("x", nil, nil),
      (nil, nil, nil), ("99999999999999999999", nil, nil),
    ] as [(String?, String?, Int64?)])
  func watchdog(period: String?, process: String?, milliseconds: Int64?) {
    if let period { setenv("WATCHDOG_USEC", period, 1) }
    if let process { setenv("WATCHDOG_PID", process == "own" ? "\(getpid())" : process, 1) }
    defer {
      unsetenv("WATCHDOG_USEC")
      unsetenv("WATCHDOG_PID")
    }
    #expect(ServiceManager.watchdogPeriod == milliseconds.map { .milliseconds($0) })
  }
}
