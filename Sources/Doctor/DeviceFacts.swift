// Facts about what is wired to the computer: chip, lines and ports.

/// Why something cannot be had, as far as it matters what to do.
public enum Refusal: Sendable, Equatable {
  case missing
  case denied
  case other(errno: Int32)

  public init(errno: Int32) {
    switch errno {
    case 2, 6, 19: self = .missing  // ENOENT, ENXIO, ENODEV
    case 1, 13: self = .denied  // EPERM, EACCES
    default: self = .other(errno: errno)
    }
  }

  /// The errno where it is all there is to say.
  var number: Int64? { if case .other(let errno) = self { Int64(errno) } else { nil } }
}

public struct ChipFacts: Sendable {
  public var refusal: Refusal?

  public init() {}

  public func judge(_ report: (Finding) -> Void) {
    switch refusal {
    case nil: report(Finding(.chip, .good, "chip", "is there"))
    case .missing:
      report(
        Finding(
          .chip, .fault, "chip.missing", "there is no such GPIO chip",
          do: "gpiodetect shows labels; is its driver loaded, its overlay named?"))
    case .denied:
      report(
        Finding(
          .chip, .fault, "chip.denied", "may not be opened",
          do: "ask as root or as a member of the group gpio"))
    case .other:
      report(
        Finding(.chip, .fault, "chip.refused", "cannot be opened: errno", refusal?.number))
    }
  }
}

/// One line of the chip.
public struct LineFacts: Sendable {
  public enum Holder: Sendable {
    case nobody
    /// A tillgate, which is right while the service runs.
    case tillgate
    case another
  }

  public var holder = Holder.nobody
  public var refusal: Refusal?

  public init() {}

  /// Nil when nothing is wrong with it.
  public var finding: Finding? {
    if refusal != nil {
      return Finding(
        .lines, .fault, "lines.missing", "the chip has no such line",
        do: "gpioinfo shows the chip's lines")
    }
    guard case .another = holder else { return nil }
    return Finding(
      .lines, .fault, "lines.taken", "is used by another program or driver",
      do: "gpioinfo shows who has it; remove its overlay or stop it")
  }

  /// All lines that were looked at.
  public static func good(_ count: Int) -> Finding {
    Finding(.lines, .good, "lines", "lines that are there and free or our own:", Int64(count))
  }
}

public struct PortFacts: Sendable {
  public var refusal: Refusal?
  /// A terminal of any kind, or a UNIX socket.
  public var isPort = false
  public var isMiniUART = false
  /// The kernel's messages or its login are on it.
  public var isConsole = false

  public init() {}

  public func judge(_ report: (Finding) -> Void) {
    switch refusal {
    case .missing:
      return report(
        Finding(
          .port, .fault, "port.missing", "is not there",
          do: "plug the adapter in; turn the UART on in the boot configuration (wiring page)"))
    case .denied:
      report(
        Finding(
          .port, .fault, "port.denied", "may not be opened",
          do: "ask as root or as a member of the group dialout"))
    case .other:
      return report(
        Finding(.port, .fault, "port.refused", "cannot be looked at: errno", refusal?.number))
    case nil: break
    }
    guard isPort else {
      return report(
        Finding(
          .port, .fault, "port.kind", "is no serial port", do: "name another in the board file"))
    }
    if isConsole {
      report(
        Finding(
          .port, .fault, "port.console", "has the kernel's console on it",
          do: "remove console= of this port from the kernel's command line"))
    }
    if isMiniUART {
      report(
        Finding(
          .port, .warning, "port.mini-uart", "is the mini UART: its rate follows the core clock",
          do: "use the PL011 port instead: dtoverlay=disable-bt (wiring page)"))
    }
    if refusal == nil, !isConsole, !isMiniUART {
      report(Finding(.port, .good, "port", "is there"))
    }
  }
}

/// The contactless reader's chip, a PN532, asked who it is.
public struct ReaderFacts: Sendable {
  public enum Answer: Sendable {
    /// The service has the port.
    case notAsked
    case silent
    /// Found, set up and raised to the board file's rate, or not.
    case found(milliseconds: Int64, baud: Int, wanted: Int)
  }

  public var answer = Answer.notAsked

  public init() {}

  public func judge(_ report: (Finding) -> Void) {
    switch answer {
    case .notAsked:
      report(
        Finding(
          .reader, .note, "reader.busy", "is the running service's: it was not asked",
          do: "systemctl stop tillgate, then ask again"))
    case .silent:
      report(
        Finding(
          .reader, .fault, "reader.silent", "no PN532 answers at any rate",
          do: "set its switches to HSU (UART); cross TXD and RXD; 3.3 V and ground"))
    case .found(let milliseconds, let baud, let wanted) where baud == wanted:
      report(
        Finding(.reader, .good, "reader", "a PN532 answered after", milliseconds, "ms"))
    case .found(_, let baud, _):
      report(
        Finding(
          .reader, .warning, "reader.rate", "a PN532 answers, but at no more than",
          Int64(baud), "baud", do: "lower max_baud, or shorten its cable: each tap takes longer"))
    }
  }
}
