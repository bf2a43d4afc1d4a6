// Facts about what is kept: disk, keys, pairing, and the running program's counts.

import Octets

public struct DiskFacts: Sendable {
  public var freeBytes: Int64 = 0
  public var isReadOnly = false
  /// Nanoseconds of writes of a page that were made durable; nil when one failed.
  public var medianFlush: Int64?
  public var worstFlush: Int64 = 0

  /// Room for some ten thousand records, and for hardly any.
  static let low: Int64 = 64 << 20
  static let full: Int64 = 4 << 20
  /// Keys are fetched in batches of 32, so a flush this long is not noticed at the till.
  static let slow: Int64 = 1_000_000_000

  public init() {}

  public func judge(_ report: (Finding) -> Void) {
    if isReadOnly {
      return report(
        Finding(
          .disk, .fault, "disk.read-only", "is on a file system that cannot be written",
          do: "mount it writable; after errors replace the card"))
    }
    let isFull = freeBytes < Self.full
    let isLow = freeBytes < Self.low
    report(
      Finding(
        .disk, isFull ? .fault : isLow ? .warning : .good, "disk.space", "free space",
        freeBytes >> 20, "MiB",
        do: isLow ? "make room: new payments are refused when it is full" : ""))
    guard let medianFlush else {
      return report(
        Finding(
          .disk, .fault, "disk.flush", "a write could not be made durable",
          do: "look at the kernel's log; replace the card"))
    }
    let isSlow = worstFlush > Self.slow
    report(
      Finding(
        .disk, isSlow ? .warning : .good, "disk.flush",
        isSlow ? "a durable write took up to" : "half of the durable writes took up to",
        (isSlow ? worstFlush : medianFlush) / 1_000, "us",
        do: isSlow ? "use a better card (A2 or industrial)" : ""))
  }
}

/// What became of numbered records that were written until the power was cut.
public struct CutFacts: Sendable {
  /// The last number that was said to be durable, and the last that is there, with all before it.
  public var promised: UInt64 = 0
  public var kept: UInt64?

  public init() {}

  public func judge(_ report: (Finding) -> Void) {
    guard let kept else {
      return report(
        Finding(
          .disk, .fault, "disk.cut", "no cut test was begun here",
          do: "tillgate doctor BOARD.ini --cut-test, then cut the power"))
    }
    if kept < promised {
      report(
        Finding(
          .disk, .fault, "disk.cut", "records lost that the disk had called durable:",
          Int64(clamping: promised - kept), do: "do not use this disk: it loses payments"))
    } else {
      report(
        Finding(
          .disk, .good, "disk.cut", "records that survived the cut, all that were promised:",
          Int64(clamping: kept)))
    }
  }
}

public struct KeyFacts: Sendable {
  public var keysLeft: UInt64 = 0
  /// The device key lies beside what it protects.
  public var hasKeyFile = false

  /// A busy kiosk's week.
  static let few: UInt64 = 1_000

  public init() {}

  public func judge(_ report: (Finding) -> Void) {
    let isFew = keysLeft < Self.few
    report(
      Finding(
        .keys, keysLeft == 0 ? .fault : isFew ? .warning : .good, "keys.left", "keys left:",
        Int64(clamping: keysLeft), do: isFew ? "load a new initial key: tillgate keys load" : ""))
    if hasKeyFile {
      report(
        Finding(
          .keys, .note, "keys.device-key", "the device key is a file beside what it protects",
          do: "a credential bound to a TPM is better (SECURITY.md, Keys)"))
    }
  }

  /// The store cannot be opened; why is said by others.
  public static let shut = Finding(
    .keys, .fault, "keys.store", "keys cannot be read",
    do: "ask as root or as the service's user; see: tillgate keys status")
}

public struct PairingFacts: Sendable {
  public static let good = Finding(.pairing, .good, "pairing", "a register is paired")
  public static let missing = Finding(
    .pairing, .fault, "pairing", "no register is paired", do: "pair one: tillgate pair")
  /// The list of registers cannot be read; why is said by others.
  public static let shut = Finding(
    .pairing, .fault, "pairing.store", "no register can be reached",
    do: "restore pairing.sealed from a copy, or remove it and pair every register again")
}

/// What a running program has counted since it started.
public struct LinkFacts: Sendable {
  public var frames: UInt64 = 0
  public var noise: UInt64 = 0
  public var forged: UInt64 = 0
  public var replayed: UInt64 = 0
  public var releases: UInt64 = 0
  public var late: UInt64 = 0

  public init() {}

  public static let unknown = Finding(
    .link, .note, "link.unknown", "no program runs here that counts", do: "systemctl start tillgate"
  )

  public func judge(_ report: (Finding) -> Void) {
    if frames == 0 {
      report(
        Finding(
          .link, .warning, "link.silent", "nothing was heard from the register",
          do: "is it on, paired, its cable crossed (TXD to RXD), its baud rate the same?"))
    }
    if noise > frames / 100, noise > 10 {
      report(
        Finding(
          .link, .warning, "link.noise", "frames spoilt by noise:", Int64(clamping: noise),
          do: "shorten or shield the cable, join the grounds, lower the baud rate"))
    }
    if forged > 0 {
      report(
        Finding(
          .link, .fault, "link.forged", "frames that were forged, or for another pairing:",
          Int64(clamping: forged), do: "look at the cable and who has access; pair again"))
    }
    if replayed > 10 {
      report(
        Finding(
          .link, .warning, "link.replayed", "frames heard again:", Int64(clamping: replayed),
          do: "something on the cable repeats bytes: look at it"))
    }
    if frames > 0, forged == 0, noise <= frames / 100 || noise <= 10 {
      report(Finding(.link, .good, "link", "good frames:", Int64(clamping: frames)))
    }
    if late > releases / 100 {
      report(
        Finding(
          .link, .warning, "link.late", "records released late:", Int64(clamping: late),
          do: "see what holds the loop up with: tillgate bench"))
    }
  }
}

extension LinkFacts {
  /// Takes what a running program wrote: `name=number` after `name=number` between blanks or line
  /// feeds. Passes over what it does not know.
  public mutating func take(_ text: Span<UInt8>) {
    var start = 0
    for index in text.indices where text[index] == 0x20 || text[index] == 0x0A {
      take(word: text.extracting(start..<index))
      start = index + 1
    }
    take(word: text.extracting(start..<text.count))
  }

  private mutating func take(word: Span<UInt8>) {
    for index in word.indices where word[index] == UInt8(ascii: "=") {
      let name = word.extracting(0..<index)
      guard let number = decimal(word.extracting((index + 1)...)) else { return }
      if withLiteral("frames", { name.equals($0) }) { frames = number }
      if withLiteral("noise", { name.equals($0) }) { noise = number }
      if withLiteral("forged", { name.equals($0) }) { forged = number }
      if withLiteral("replayed", { name.equals($0) }) { replayed = number }
      if withLiteral("releases", { name.equals($0) }) { releases = number }
      if withLiteral("late", { name.equals($0) }) { late = number }
      return
    }
  }
}
