// GPIO lines as the board's profile names them.

import CGPIO

/// One line of a chip.
public struct LineName: Sendable, BitwiseCopyable {
  /// A name of the kernel's GPIO API has at most 31 bytes.
  public static let capacity = 31
  var request = tg_gpio_line()

  public init(offset: UInt32) { request.offset = offset }

  /// Nil when the name is empty, too long or has a NUL.
  public init?(named name: Span<UInt8>) {
    guard name.count > 0, name.count <= Self.capacity else { return nil }
    for index in name.indices where name[index] == 0 { return nil }
    withUnsafeMutableBytes(of: &request.name) { characters in
      for index in name.indices { characters[index] = name[index] }
    }
  }
}

/// Which changes of an input are wanted.
public enum WatchedEdges: UInt8, Sendable {
  case rising = 1
  case falling = 2
  case both = 3
}

/// The resistor of an input, where the chip has one.
public enum LineBias: UInt8, Sendable {
  case asIs = 0
  case off = 1
  case pullUp = 2
  case pullDown = 3
}

/// A chip and at most 16 lines of it that are used alike.
public struct GPIOLines: Sendable {
  public static let capacity = 16
  let chip: DeviceName
  private(set) var lines = InlineArray<16, tg_gpio_line>(repeating: tg_gpio_line())
  public private(set) var count = 0

  /// `chip` is a path, a name or a label.
  public init(chip: DeviceName) { self.chip = chip }

  /// At most `capacity` lines, which the profile checks.
  public mutating func append(_ name: LineName, _ edges: WatchedEdges, bias: LineBias = .asIs) {
    var line = name.request
    line.edges = edges.rawValue
    line.bias = bias.rawValue
    append(line)
  }

  /// An output and its first level.
  public mutating func append(output name: LineName, isHigh: Bool) {
    var line = name.request
    line.high = isHigh ? 1 : 0
    append(line)
  }

  private mutating func append(_ line: tg_gpio_line) {
    precondition(count < Self.capacity, "checked with the profile")
    lines[count] = line
    count += 1
  }

  func watch() throws(GPIOError) -> OpaquePointer { try request(tg_gpio_watch) }
  func drive() throws(GPIOError) -> OpaquePointer { try request(tg_gpio_drive) }

  private typealias Request = (
    UnsafePointer<CChar>, UnsafePointer<tg_gpio_line>, Int,
    UnsafeMutablePointer<OpaquePointer?>, UnsafeMutablePointer<Int>
  ) -> Int32

  private func request(_ make: Request) throws(GPIOError) -> OpaquePointer {
    var gpio: OpaquePointer?
    var faulty = 0
    let wanted = count
    let result = lines.span.withUnsafeBufferPointer { lines in
      chip.withCString { make($0, lines.baseAddress!, wanted, &gpio, &faulty) }
    }
    guard result == 0, let gpio else {
      throw GPIOError(line: faulty < wanted ? faulty : nil, reason: -result)
    }
    return gpio
  }
}

/// Why a chip or one of its lines could not be had.
public struct GPIOError: Error, Equatable {
  /// The index of the line at fault; nil for the chip or the request as a whole.
  public var line: Int?
  /// The kernel's errno: ENOENT for an unknown chip or line, EBUSY for a line that somebody has.
  public var reason: Int32
}

/// Outputs: lamps and the like. Setting one neither waits nor allocates.
public struct Indicators: ~Copyable {
  @usableFromInline let gpio: OpaquePointer

  /// Takes the lines and gives them their first levels.
  public init(_ lines: GPIOLines) throws(GPIOError) { gpio = try lines.drive() }

  @inlinable deinit { tg_gpio_close(gpio) }

  /// `index` counts the lines as they were appended. False when the chip is gone.
  public func set(_ index: Int, isHigh: Bool) -> Bool {
    tg_gpio_set(gpio, index, isHigh ? 1 : 0) == 0
  }
}
