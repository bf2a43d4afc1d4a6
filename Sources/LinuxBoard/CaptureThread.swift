// The thread that captures edges, from whichever source the board's profile names.

import Magstripe
import Octets
import Profile

/// A running capture. `stop` ends it.
public struct CaptureThread: ~Copyable {
  private let edges: UnsafeMutablePointer<CapturedEdges>
  private let thread: Thread
  // Behind the thread: fields end in their order, and it must have ended before its memory does.
  private let chip: LockedMemory<ChipCapture>?
  private let stream: LockedMemory<StreamCapture>?

  /// Starts capturing into `edges`, which must outlive this.
  public init(
    _ profile: BoardProfile, _ edges: UnsafeMutablePointer<CapturedEdges>
  ) throws(CaptureFailure) {
    self.edges = edges
    let priority = Priority.realTime(profile.loop.capturePriority)
    switch profile.stripe.source {
    case .gpio:
      guard let (lines, table) = Wiring.head(profile) else { throw .noChip }
      let memory = try Self.lock { (place: UnsafeMutablePointer<ChipCapture>) in
        place.initialize(to: ChipCapture(lines, table, into: edges))
      }
      thread = try Self.start(priority, memory.pointer) { context in
        context!.assumingMemoryBound(to: ChipCapture.self).pointee.run()
      }
      chip = .some(memory)
      stream = nil
    case .stream:
      guard let path = profile.stripe.stream.withBytes({ DeviceName($0) }) else { throw .noChip }
      let table = Wiring.streamTable(profile.stripe.kind)
      let memory = try Self.lock { (place: UnsafeMutablePointer<StreamCapture>) in
        place.initialize(to: StreamCapture(path, table, into: edges))
      }
      thread = try Self.start(priority, memory.pointer) { context in
        context!.assumingMemoryBound(to: StreamCapture.self).pointee.run()
      }
      chip = nil
      stream = .some(memory)
    }
  }

  /// What the thread's priority lacks.
  public var lacks: RealTimeLacks { thread.lacks }

  /// Returns when the thread has ended.
  public consuming func stop() { edges.pointee.stop() }

  private static func lock<Value: ~Copyable>(
    _ initialise: (UnsafeMutablePointer<Value>) -> Void
  ) throws(CaptureFailure) -> LockedMemory<Value> {
    do throws(NoMemory) { return try LockedMemory<Value>(initialise) } catch { throw .memory }
  }

  private static func start(
    _ priority: Priority, _ context: UnsafeMutableRawPointer,
    _ body: @convention(c) (UnsafeMutableRawPointer?) -> Void
  ) throws(CaptureFailure) -> Thread {
    do throws(NoThread) { return try Thread("capture", priority, context: context, body) } catch {
      throw .thread(errno: error.reason)
    }
  }
}

/// Why the capture could not be started. A chip or stream that is not there is none of these: it is
/// waited for.
public enum CaptureFailure: Error, Equatable {
  /// The profile names no source, which `tillgate check` would have said.
  case noChip
  case memory
  case thread(errno: Int32)
}
