// The capture thread: from wherever edges come into the ring that the loop empties.

import Magstripe
import Octets

/// Edges from lines of a GPIO chip. Large: keep it in `LockedMemory`.
public struct ChipCapture: ~Copyable {
  private var feed: GPIOFeed
  private var outlet: EdgeOutlet

  /// `table` gives the lines' roles in the order of `lines`. `shared` must outlive the capture.
  public init(
    _ lines: GPIOLines, _ table: LineTable, into shared: UnsafeMutablePointer<CapturedEdges>
  ) {
    precondition(lines.count == table.count, "both are made from the same profile")
    feed = GPIOFeed(lines, table)
    outlet = EdgeOutlet(shared)
  }

  /// The body of the capture thread: returns when `shared` was asked to stop.
  public mutating func run() {
    while !outlet.shared.pointee.isStopping { feed.turn(&outlet) }
    feed.close()
  }
}

/// Edges from the bench, as `EdgeStreamDecoder` describes them. Keep it in `LockedMemory`.
public struct StreamCapture: ~Copyable {
  private var feed: StreamFeed
  private var outlet: EdgeOutlet

  /// `path` is a file, FIFO, pty or UNIX socket; `table` gives the roles of the lines' numbers.
  /// `shared` must outlive the capture.
  public init(
    _ path: DeviceName, _ table: LineTable, into shared: UnsafeMutablePointer<CapturedEdges>
  ) {
    feed = StreamFeed(path, table)
    outlet = EdgeOutlet(shared)
  }

  /// The body of the capture thread: returns when `shared` was asked to stop.
  public mutating func run() {
    while !outlet.shared.pointee.isStopping { feed.turn(&outlet) }
    feed.close()
  }
}
