// What a board file says, checked and typed. A board is data: everything that differs between two
// kiosk computers is here, and nothing of it is anywhere else in the sources.

import Octets

/// A board file in which nothing was wrong. Every value is within the limits of its `Key`'s rule
/// and fits the others.
public struct BoardProfile: Sendable {
  /// The largest board file that is read, in bytes.
  public static let fileLimit = 16_384
  /// The longest line, in bytes without its end: inih's INI_MAX_LINE less CR, LF and NUL.
  public static let lineLimit = 197

  /// Short name: lower-case letters, digits and hyphens.
  public internal(set) var name = Text<33>()
  /// What is printed on the computer, UTF-8.
  public internal(set) var model = Text<65>()
  public internal(set) var loop = Loop()
  /// Label or name of the GPIO chip that has all lines; empty when no line is used.
  public internal(set) var chip = Text<32>()
  public internal(set) var stripe = Stripe()
  public internal(set) var contactless = Contactless()
  public internal(set) var register = Register()
  /// The line of the button that opens a window for a pairing, on `chip`, and its level while it is
  /// held.
  public internal(set) var button: GPIOLine?
  public internal(set) var isButtonActiveLow = true
  public internal(set) var indicators = Indicators()
  /// Where keys and state are kept.
  public internal(set) var storage = Path()
  public internal(set) var retention = Retention()
  public internal(set) var masking = Masking()
  /// A second register, which only watches.
  public internal(set) var watcher = Device()
  /// The code scanner.
  public internal(set) var scanner = Device()
  public internal(set) var display = Display()
  public internal(set) var concert = Concert()

  init() {}

  /// The tick loop and the threads beside it.
  public struct Loop: Sendable {
    public internal(set) var tick = Interval(nanoseconds: 0)
    /// From the card's last edge to the record's first byte.
    public internal(set) var release = Interval(nanoseconds: 0)
    /// SCHED_FIFO priorities; capture is above the loop.
    public internal(set) var priority = 0
    public internal(set) var capturePriority = 0
    /// The processor that the loop is bound to; nil leaves it to the kernel.
    public internal(set) var processor: Int?
  }

  /// The magnetic-stripe head. Its lines are on `chip`; index 0 is track 1.
  public struct Stripe: Sendable {
    /// Raw values are the order of the key's choices.
    public enum Kind: Int, Sendable { case f2f, clockData }
    public enum Source: Int, Sendable { case gpio, stream }
    public enum Bias: Int, Sendable { case asIs, pullUp, pullDown, disabled }

    public internal(set) var kind = Kind.f2f
    public internal(set) var source = Source.gpio
    /// A file, pipe or socket of edges, when `source` is `stream`.
    public internal(set) var stream = Path()
    /// Flux lines of an `f2f` head.
    public internal(set) var flux = InlineArray<3, GPIOLine?>(repeating: nil)
    /// Lines of a `clockData` head: a track has both or neither.
    public internal(set) var strobe = InlineArray<3, GPIOLine?>(repeating: nil)
    public internal(set) var data = InlineArray<3, GPIOLine?>(repeating: nil)
    public internal(set) var cardPresent: GPIOLine?
    /// How long a head is quiet before the swipe counts as ended. With one tick it is shorter than
    /// `Loop.release`.
    public internal(set) var silence = Interval(nanoseconds: 0)
    public internal(set) var bias = Bias.asIs
  }

  /// The contactless reader and what cards are told. Amounts are in minor units.
  public struct Contactless: Sendable {
    public internal(set) var port = Path()
    /// In bits per second.
    public internal(set) var fastest = 0
    public internal(set) var country = 0
    public internal(set) var category = 0
    /// Hexadecimal digits.
    public internal(set) var qualifiers = Text<9>()
    public internal(set) var capabilities = Text<7>()
    public internal(set) var floorLimit = 0
    public internal(set) var verificationLimit = 0
    public internal(set) var tapLimit: Int?
    /// Hexadecimal tags and AIDs between commas; empty for the usual ones.
    public internal(set) var tags = Text<161>()
    public internal(set) var applications = Text<161>()

    /// Whether the board has such a reader.
    public var isGiven: Bool { !port.isEmpty }
  }

  /// The serial port to the cash register.
  public struct Register: Sendable {
    public internal(set) var port = Path()
    public internal(set) var baud = 0
  }

  /// A device on a serial port of its own.
  public struct Device: Sendable {
    /// Empty: there is no such device.
    public internal(set) var port = Path()
    public internal(set) var baud = 0

    public var isThere: Bool { !port.isEmpty }
  }

  /// The port for a till that speaks Concert.
  public struct Concert: Sendable {
    public internal(set) var device = Device()
    /// The numbers of the keys' choices.
    public internal(set) var parity = 0
    public internal(set) var acceptance = 0
    public internal(set) var cardSeconds = 0
    public internal(set) var outcomeSeconds = 0
  }

  /// The customer display.
  public struct Display: Sendable {
    public internal(set) var device = Device()
    /// The numbers of the keys' choices.
    public internal(set) var commands = 0
    public internal(set) var characters = 0
    public internal(set) var language = 0
    /// Pairs of hexadecimal digits; empty where the manuals' own bytes do.
    public internal(set) var select = Text<33>()
  }

  /// Output lines of lights and buzzer, on `chip`; nil where there is none.
  public struct Indicators: Sendable {
    public internal(set) var ready: GPIOLine?
    public internal(set) var reading: GPIOLine?
    public internal(set) var ok: GPIOLine?
    public internal(set) var error: GPIOLine?
    public internal(set) var tone: GPIOLine?
    /// Whether a low level lights a light, or sounds the buzzer.
    public internal(set) var isActiveLow = false
  }

  /// How long acknowledged records are kept, and what is left of the disk to others.
  public struct Retention: Sendable {
    public internal(set) var records = 0
    public internal(set) var days = 0
    /// Below so many free megabytes no card is taken.
    public internal(set) var reserveMegabytes = 0
  }

  /// How many digits of a card number may be shown: at most 6 and 4 (PCI DSS 3.2.1, 3.3).
  public struct Masking: Sendable {
    public internal(set) var leadingDigits = 0
    public internal(set) var trailingDigits = 0
  }
}
