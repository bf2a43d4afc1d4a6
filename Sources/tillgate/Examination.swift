// One visit of the doctor: gathers the facts of this computer and hands them to be judged.

import CLinux
import Doctor
import LinuxBoard
import Octets
import Profile
import Vault

struct Examination: ~Copyable {
  private let profile: BoardProfile
  var report: DoctorReport
  /// Whether another tillgate has the state directory: the service, most likely.
  private var isServiceRunning = false

  init(_ profile: BoardProfile, isForPrograms: Bool) {
    self.profile = profile
    report = DoctorReport(isForPrograms: isForPrograms, board: profile.name)
  }

  mutating func lookAtAll() {
    lookAtKernel()
    lookAtLimits()
    lookAtBoard()
    lookAtClock()
    // Before chip and lines: what the service has is not taken by another.
    lookAtKeys()
    lookAtDisk()
    lookAtLines()
    lookAtPort(profile.register.port)
    lookAtReader()
    if profile.scanner.isThere { lookAtPort(profile.scanner.port) }
    if profile.display.device.isThere { lookAtPort(profile.display.device.port) }
    lookAtLink()
  }

  private mutating func lookAtKernel() {
    var facts = KernelFacts()
    facts.hasSeccomp = tg_has_seccomp() != 0
    facts.landlockVersion = Int(tg_landlock_version())
    facts.isRealTime = Self.text(of: "/sys/kernel/realtime") { $0.count > 0 && $0[0] == 0x31 }
    facts.judge { report.add($0) }
  }

  private mutating func lookAtLimits() {
    var limits = tg_limits()
    tg_look_at_limits(&limits)
    var facts = LimitFacts()
    facts.rank = Int(limits.rank)
    facts.wantedRank = profile.loop.capturePriority
    facts.lockable = limits.lockable
    facts.isStarved = Self.text(of: "/proc/sys/kernel/sched_rt_runtime_us") {
      $0.count > 0 && $0[0] == UInt8(ascii: "0")
    }
    facts.savesPower = Self.text(of: "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor") {
      text in withLiteral("powersave\n") { text.equals($0) }
    }
    facts.judge { report.add($0) }
  }

  private mutating func lookAtBoard() {
    var facts = BoardFacts()
    _ = Self.text(of: "/proc/device-tree/model") { text in
      facts.isThatModel = profile.model.withBytes { model in
        model.count <= text.count && text.extracting(0..<model.count).equals(model)
      }
      return true
    }
    facts.judge { report.add($0) }
  }

  private mutating func lookAtClock() {
    var clock = tg_clock()
    tg_look_at_clock(&clock)
    var facts = ClockFacts()
    facts.resolutionNanoseconds = clock.resolution
    facts.isSynchronised = clock.is_synchronised != 0
    facts.unixMilliseconds = tg_unix_milliseconds()
    facts.tickNanoseconds = profile.loop.tick.nanoseconds
    if let (median, worst) = TickRun.sample(profile) {
      facts.medianLateness = median.nanoseconds
      facts.worstLateness = worst.nanoseconds
    }
    facts.judge { report.add($0) }
  }

  /// Small texts of the kernel; false when there is none.
  private static func text(of path: StaticString, _ test: (Span<UInt8>) -> Bool) -> Bool {
    var text = Bytes<512>()
    do throws(FileError) { try Files.read(path.utf8Start, .open, into: &text) } catch {
      return false
    }
    return text.withBytes { test($0) }
  }
}

// MARK: What is kept

extension Examination {
  private mutating func lookAtKeys() {
    var keeper = KeyKeeper()
    var book = PairingBook()
    defer {
      keeper.wipe()
      book.wipe()
    }
    do throws(StoreError) {
      var store = try openStore()
      defer { store.wipe() }
      try store.open(&keeper)
      var facts = KeyFacts()
      facts.keysLeft = keeper.status.keysLeft
      facts.hasKeyFile = store.hasKeyFile
      facts.judge { report.add($0) }
      do throws(StoreError) {
        try store.open(&book)
        report.add(book.count > 0 ? PairingFacts.good : PairingFacts.missing)
      } catch {
        if case .pairingMissing = error { return report.add(PairingFacts.missing) }
        add(PairingFacts.shut, error)
      }
    } catch { add(KeyFacts.shut, error) }
  }

  /// Takes the directory for a moment, to see whether the service has it.
  private mutating func openStore() throws(StoreError) -> VaultStore {
    do throws(StoreError) { return try openStore(locking: true) } catch {
      guard case .directory(.busy) = error else { throw error }
      isServiceRunning = true
      return try openStore(locking: false)
    }
  }

  private func openStore(locking: Bool) throws(StoreError) -> VaultStore {
    try profile.storage.withPointer { (path) throws(StoreError) in
      try VaultStore.open(path, creating: false, locking: locking)
    }
  }

  private mutating func add(_ finding: Finding, _ error: StoreError) {
    var object = Line()
    profile.storage.withBytes { object.add($0) }
    object.add(": ")
    object.add(error)
    object.add(";")
    report.add(finding, about: object)
  }

  private mutating func lookAtDisk() {
    let directory = profile.storage.withPointer { tg_open_directory($0, 0) }
    // Said with the keys already.
    guard directory >= 0 else { return }
    defer { tg_close(directory) }
    var disk = tg_disk()
    guard tg_look_at_disk(directory, &disk) == 0 else { return }
    var facts = DiskFacts()
    facts.freeBytes = disk.free_bytes
    facts.isReadOnly = disk.is_read_only != 0
    var times = InlineArray<16, UInt64>(repeating: 0)
    var span = times.mutableSpan
    let result = span.withUnsafeMutableBufferPointer {
      tg_time_flushes(directory, Int32($0.count), $0.baseAddress!)
    }
    if result == 0 {
      facts.medianFlush = Int64(clamping: Self.rank(8, of: times))
      facts.worstFlush = Int64(clamping: Self.rank(15, of: times))
    }
    var object = Line()
    profile.storage.withBytes { object.add($0) }
    facts.judge { report.add($0, about: object) }
  }

  /// The value that `place` of the sixteen are below or equal to.
  private static func rank(_ place: Int, of times: InlineArray<16, UInt64>) -> UInt64 {
    for candidate in times.indices {
      var below = 0
      var same = 0
      for other in times.indices {
        if times[other] < times[candidate] { below += 1 }
        if times[other] == times[candidate] { same += 1 }
      }
      if below <= place, place < below + same { return times[candidate] }
    }
    return 0
  }

  mutating func lookAtCut(promised: UInt64) {
    var facts = CutFacts()
    facts.promised = promised
    let directory = profile.storage.withPointer { tg_open_directory($0, 0) }
    if directory >= 0 {
      let kept = tg_cut_kept(directory)
      if kept >= 0 { facts.kept = UInt64(kept) }
      tg_cut_end(directory)
      tg_close(directory)
    }
    facts.judge { report.add($0) }
  }
}

// MARK: What is wired

extension Examination {
  private mutating func lookAtLines() {
    guard !profile.chip.isEmpty, let head = Wiring.head(profile)?.0 else { return }
    var facts = ChipFacts()
    do throws(GPIOError) { try head.lookAtChip() } catch {
      facts.refusal = Refusal(errno: error.reason)
    }
    var chip = Line()
    profile.chip.withBytes { chip.add($0) }
    facts.judge { report.add($0, about: chip) }
    guard facts.refusal == nil else { return }
    var good = lookAt(head)
    if let lamps = Wiring.lampLines(profile) { good += lookAt(lamps) }
    if good > 0 { report.add(LineFacts.good(good)) }
  }

  /// How many of them are as they should be; the others are reported.
  private mutating func lookAt(_ lines: GPIOLines) -> Int {
    var good = 0
    for index in 0..<lines.count {
      var facts = LineFacts()
      do throws(GPIOError) {
        switch try lines.holder(of: index) {
        case .nobody: facts.holder = .nobody
        case .tillgate: facts.holder = isServiceRunning ? .tillgate : .another
        case .another: facts.holder = .another
        }
      } catch { facts.refusal = Refusal(errno: error.reason) }
      guard let finding = facts.finding else {
        good += 1
        continue
      }
      var object = Line()
      lines.describe(index, in: &object)
      report.add(finding, about: object)
    }
    return good
  }

  /// Whether it can be opened.
  @discardableResult
  private mutating func lookAtPort(_ path: Path) -> Bool {
    var port = tg_port()
    let result = path.withPointer { path in
      tg_look_at_port(UnsafeRawPointer(path).assumingMemoryBound(to: CChar.self), &port)
    }
    var facts = PortFacts()
    if result < 0 { facts.refusal = Refusal(errno: -result) }
    facts.isPort = port.is_port != 0
    facts.isMiniUART = port.is_mini_uart != 0
    facts.isConsole = port.is_console != 0
    var object = Line()
    path.withBytes { object.add($0) }
    facts.judge { report.add($0, about: object) }
    return facts.refusal == nil && facts.isPort
  }

  private mutating func lookAtReader() {
    let contactless = profile.contactless
    guard contactless.isGiven, lookAtPort(contactless.port) else { return }
    var facts = ReaderFacts()
    if !isServiceRunning { facts.answer = ReaderTrial.ask(contactless) }
    var object = Line()
    contactless.port.withBytes { object.add($0) }
    facts.judge { report.add($0, about: object) }
  }

  /// What the running service has counted, if it says so.
  private mutating func lookAtLink() {
    var facts = LinkFacts()
    if isServiceRunning, RunningCounts.read(into: &facts) {
      facts.judge { report.add($0) }
    } else {
      report.add(LinkFacts.unknown)
    }
  }
}
