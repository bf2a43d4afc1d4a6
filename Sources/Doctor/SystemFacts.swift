// Facts about the computer and its kernel, and what follows from them. Nothing here looks at
// anything: whoever gathers the facts hands them over.

public struct KernelFacts: Sendable {
  public var hasSeccomp = false
  /// 0 when there is none.
  public var landlockVersion = 0
  /// Whether it was built with PREEMPT_RT.
  public var isRealTime = false

  public init() {}

  public func judge(_ report: (Finding) -> Void) {
    if isRealTime {
      report(Finding(.kernel, .good, "kernel.preemption", "a real-time kernel (PREEMPT_RT)"))
    } else {
      report(
        Finding(
          .kernel, .note, "kernel.preemption", "no PREEMPT_RT: ticks may be late under load",
          do: "see how late with: tillgate bench"))
    }
    if !hasSeccomp {
      report(
        Finding(
          .walls, .warning, "walls.seccomp", "the kernel has no seccomp filters",
          do: "use one with CONFIG_SECCOMP_FILTER"))
    }
    if landlockVersion == 0 {
      report(
        Finding(
          .walls, .warning, "walls.landlock", "the kernel has no Landlock: any file may be opened",
          do: "add landlock to lsm= on the kernel's command line (5.13 or later)"))
    }
    if hasSeccomp, landlockVersion > 0 {
      report(
        Finding(
          .walls, .good, "walls", "seccomp, and Landlock version", Int64(landlockVersion)))
    }
  }
}

public struct LimitFacts: Sendable {
  /// The highest SCHED_FIFO rank that is permitted, 0 for none, and the one that is needed.
  public var rank = 0
  public var wantedRank = 0
  /// Bytes that may be locked; `Int64.max` for any number.
  public var lockable: Int64 = 0
  /// Whether the kernel gives real-time threads any time at all.
  public var isStarved = false
  /// Whether the processor is held at its lowest clock.
  public var savesPower = false

  /// What `tillgate run` wants to lock at least.
  static let enough: Int64 = 64 << 20

  public init() {}

  public func judge(_ report: (Finding) -> Void) {
    if rank < wantedRank {
      report(
        Finding(
          .limits, .warning, "limits.rank", "real-time ranks are permitted only up to",
          Int64(rank), do: "LimitRTPRIO=90 or CAP_SYS_NICE; ask as the service's user"))
    }
    if lockable < Self.enough {
      report(
        Finding(
          .limits, .warning, "limits.memory", "memory may be locked only up to",
          lockable >> 10, "KiB", do: "LimitMEMLOCK=infinity; ask as the service's user"))
    }
    if rank >= wantedRank, lockable >= Self.enough {
      report(
        Finding(.limits, .good, "limits", "real-time ranks and locked memory are permitted"))
    }
    if isStarved {
      report(
        Finding(
          .limits, .fault, "limits.starved", "the kernel gives real-time threads no time",
          do: "sysctl kernel.sched_rt_runtime_us=950000"))
    }
    if savesPower {
      report(
        Finding(
          .limits, .warning, "limits.power", "the processor is held at its lowest clock",
          do: "cpufreq.default_governor=performance on the kernel's command line"))
    }
  }
}

public struct BoardFacts: Sendable {
  /// Whether the computer's own name for itself begins like the board file's; nil when it has none.
  public var isThatModel: Bool?

  public init() {}

  /// For each mistake in the board file, which ends the visit.
  public static let unreadable = Finding(
    .board, .fault, "board.file", "is wrong in the board file",
    do: "mend it: docs/BOARDS.md has the keys; tillgate check tries it")

  public func judge(_ report: (Finding) -> Void) {
    switch isThatModel {
    case true: report(Finding(.board, .good, "board.model", "the computer is the board file's"))
    case false:
      report(
        Finding(
          .board, .warning, "board.model", "is another computer than the board file is for",
          do: "use the board file of this computer: chips and ports differ"))
    case nil:
      report(Finding(.board, .note, "board.model", "the computer does not say what it is"))
    }
  }
}

public struct ClockFacts: Sendable {
  public var resolutionNanoseconds: Int64 = 0
  public var unixMilliseconds: UInt64 = 0
  public var isSynchronised = false
  /// How late sleeps of a tick ended: half of them, and the worst.
  public var medianLateness: Int64 = 0
  public var worstLateness: Int64 = 0
  public var tickNanoseconds: Int64 = 0

  /// 2025-01-01: earlier, the clock was never set.
  static let earliest: UInt64 = 1_735_689_600_000

  public init() {}

  public func judge(_ report: (Finding) -> Void) {
    if resolutionNanoseconds > 1_000 {
      report(
        Finding(
          .clock, .fault, "clock.resolution", "timers have a resolution of only",
          resolutionNanoseconds / 1_000, "us", do: "use a kernel with CONFIG_HIGH_RES_TIMERS"))
    }
    if unixMilliseconds < Self.earliest {
      report(
        Finding(
          .clock, .warning, "clock.unset", "the time of day was never set",
          do: "fit a clock chip or let the register tell the time"))
    } else if !isSynchronised {
      report(
        Finding(.clock, .note, "clock.free", "nothing keeps the time of day right but the register")
      )
    }
    let isLate = medianLateness * 2 > tickNanoseconds
    report(
      Finding(
        .clock, isLate ? .warning : .good, "clock.lateness", "half of the sleeps end late by up to",
        medianLateness / 1_000, "us",
        do: isLate ? "find out what else runs; then: tillgate bench" : ""))
    if worstLateness > tickNanoseconds {
      report(
        Finding(
          .clock, .note, "clock.worst", "the worst sleep ended late by", worstLateness / 1_000,
          "us",
          do: "see how often with: tillgate bench"))
    }
  }
}
