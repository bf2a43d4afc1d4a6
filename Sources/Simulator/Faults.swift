// What goes wrong in a world, all of it from the seed. Nothing does by default.

import Octets

/// What goes wrong with one disk. Probabilities are of single operations.
public struct DiskFaults: Sendable, BitwiseCopyable, Equatable {
  public var failedReads = 0.0
  public var failedWrites = 0.0
  /// After a failed sync, what was not kept may count as clean, as on Linux.
  public var failedSyncs = 0.0
  public var failedDirectorySyncs = 0.0
  public var shortReads = 0.0
  /// An operation takes up to `longestStall`.
  public var stalls = 0.0
  public var longestStall = Interval.seconds(5)
  /// Bytes for all files together; 0: no limit.
  public var room: UInt64 = 0
  public var isReadOnly = false
  /// Planted bugs: a sync that says it was done and does nothing.
  public var ignoresSync = false
  public var ignoresDirectorySync = false

  public init() {}

  /// Slow, failing, full: which and how much depends on the seed.
  static func mixed(_ random: inout SeededRandom) -> DiskFaults {
    var faults = DiskFaults()
    if random.chance(0.5) { faults.stalls = 0.2 * random.unit() }
    if random.chance(0.3) { faults.failedReads = 0.02 * random.unit() }
    if random.chance(0.3) { faults.failedWrites = 0.02 * random.unit() }
    if random.chance(0.3) { faults.failedSyncs = 0.05 * random.unit() }
    if random.chance(0.3) { faults.failedDirectorySyncs = 0.05 * random.unit() }
    if random.chance(0.5) { faults.shortReads = 0.3 }
    return faults
  }
}

/// What goes wrong in a world. Probabilities are of single ticks, unless it says otherwise.
public struct Faults: Sendable, BitwiseCopyable {
  /// That a byte on the line is lost, comes twice, or has a bit flipped.
  public var lostBytes = 0.0
  public var doubledBytes = 0.0
  public var flippedBits = 0.0
  /// A radio in the line, such as Bluetooth's: bytes wait up to this long for their packet and come
  /// together with all that were sent meanwhile. None: a cable.
  public var packets = Interval.milliseconds(0)
  /// That a packet has to wait for the radio for up to four seconds.
  public var fadedPackets = 0.0
  /// That the register's port goes away, for up to three seconds.
  public var unpluggedPorts = 0.0
  /// That the loop is held up, for up to 40 ms; that all of the controller is, for up to 5 s.
  public var stalls = 0.0
  public var longStalls = 0.0
  /// That the capture is held up, for up to 30 ms.
  public var captureStalls = 0.0
  /// That a swipe loses edges, and the capture says so.
  public var edgeGaps = 0.0
  /// That the controller, or the register, goes down for up to three seconds: in any tick, between
  /// two ticks or within an operation of its disk. By a power cut or by a kill, one as often.
  public var controllerOutages = 0.0
  public var registerOutages = 0.0
  /// That the register reads and sends nothing for up to ten seconds.
  public var registerHangs = 0.0
  /// That the register's clock jumps, by up to a day, either way.
  public var clockJumps = 0.0
  /// What the contactless reader's chip and its line do.
  public var chip = ChipFaults()
  /// That the chip's power or its cable goes away, for up to three seconds.
  public var readerOutages = 0.0
  /// What the disks do from the first payment on, until the outcomes are counted.
  public var controllerDisk = DiskFaults()
  public var registerDisk = DiskFaults()

  public init() {}

  /// Some of everything: which and how much depends on the seed. A quarter of all worlds is good.
  public static func mixed(_ random: inout SeededRandom) -> Faults {
    var faults = Faults()
    guard random.chance(0.75) else { return faults }
    faults.drawLine(&random)
    faults.drawMachines(&random)
    if random.chance(0.3) { faults.controllerDisk = .mixed(&random) }
    if random.chance(0.3) { faults.registerDisk = .mixed(&random) }
    return faults
  }

  /// Adds what goes wrong at the contactless reader, in three worlds of four.
  mutating func drawReader(_ random: inout SeededRandom) {
    chip.seed = random.next()
    guard random.chance(0.75) else { return }
    if random.chance(0.4) { chip.lostACK = 0.1 * random.unit() }
    if random.chance(0.4) { chip.lostCommand = 0.05 * random.unit() }
    if random.chance(0.4) { chip.changedByte = 0.1 * random.unit() }
    if random.chance(0.4) { chip.garbage = 0.3 * random.unit() }
    if random.chance(0.4) { chip.lostAnswer = 0.05 * random.unit() }
    if random.chance(0.3) { chip.reset = 0.01 * random.unit() }
    if random.chance(0.3) { readerOutages = 0.000_3 * random.unit() }
  }

  private mutating func drawLine(_ random: inout SeededRandom) {
    if random.chance(0.4) { lostBytes = 0.004 * random.unit() }
    if random.chance(0.3) { doubledBytes = 0.004 * random.unit() }
    if random.chance(0.4) { flippedBits = 0.004 * random.unit() }
    if random.chance(0.3) { unpluggedPorts = 0.000_2 * random.unit() }
  }

  private mutating func drawMachines(_ random: inout SeededRandom) {
    if random.chance(0.3) { stalls = 0.01 * random.unit() }
    if random.chance(0.1) { longStalls = 0.000_1 * random.unit() }
    if random.chance(0.3) { captureStalls = 0.01 * random.unit() }
    if random.chance(0.3) { edgeGaps = 0.3 }
    if random.chance(0.4) { controllerOutages = 0.000_4 * random.unit() }
    if random.chance(0.4) { registerOutages = 0.000_4 * random.unit() }
    if random.chance(0.1) { registerHangs = 0.000_1 * random.unit() }
    if random.chance(0.2) { clockJumps = 0.001 * random.unit() }
  }
}
