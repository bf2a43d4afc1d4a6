import FakeKernel
import Glibc
import Magstripe
import Octets
import Testing

@testable import LinuxBoard

/// A capture thread and the loop's side of it.
private final class Capture {
  enum Source {
    case chip(GPIOLines)
    case stream(String)
  }
  let shared: LockedMemory<CapturedEdges>
  private let chip: LockedMemory<ChipCapture>?
  private let stream: LockedMemory<StreamCapture>?
  private var thread: LinuxBoard.Thread?

  init(_ source: Source) throws {
    shared = try LockedMemory { (place) throws(NoMemory) in
      place.initialize(to: try CapturedEdges())
    }
    let pointer = shared.pointer
    switch source {
    case .chip(let lines):
      let memory = try LockedMemory<ChipCapture> {
        $0.initialize(to: ChipCapture(lines, threeTracks(), into: pointer))
      }
      thread = try LinuxBoard.Thread("capture", .realTime(70), context: memory.pointer) {
        $0!.assumingMemoryBound(to: ChipCapture.self).pointee.run()
      }
      chip = consume memory
      stream = nil
    case .stream(let path):
      let memory = try LockedMemory<StreamCapture> {
        $0.initialize(to: StreamCapture(device(path), threeTracks(), into: pointer))
      }
      thread = try LinuxBoard.Thread("capture", .realTime(70), context: memory.pointer) {
        $0!.assumingMemoryBound(to: StreamCapture.self).pointee.run()
      }
      stream = consume memory
      chip = nil
    }
  }

  deinit {
    shared.pointer.pointee.stop()
    thread = nil
  }

  var counters: UnsafeMutablePointer<CapturedEdges> { shared.pointer }

  func next(_ count: Int) -> [StripeEdge] {
    var edges: [StripeEdge] = []
    _ = eventually {
      while edges.count < count, let edge = counters.pointee.next() { edges.append(edge) }
      return edges.count == count
    }
    return edges
  }

  var isOpen: Bool { counters.pointee.state == .open }
}

@Suite("Capture from a stream", .timeLimit(.minutes(5)))
struct StreamCaptureTests {
  /// Records of an edge each 25 us, ending now; sequence numbers from `first`.
  private func records(_ count: Int, from first: UInt32 = 0) -> ([UInt8], [UInt64]) {
    let end = MonotonicClock.now().nanoseconds
    let times = (0..<UInt64(count)).map { end - UInt64(count) * 25_000 + $0 * 25_000 }
    let bytes = times.enumerated().flatMap { record($1, first + UInt32($0), level: UInt8($0 & 1)) }
    return (bytes, times)
  }

  @Test("a FIFO whose writers come and go is read on, with a gap between them")
  func fifo() throws {
    let folder = Folder()
    mkfifo(folder.name("edges"), 0o600)
    let capture = try Capture(.stream(folder.name("edges")))
    for round in 0..<3 {
      let (bytes, times) = records(1_000)
      var writer: Descriptor? = Descriptor(open(folder.name("edges"), O_WRONLY))
      writer?.write(bytes + [1, 2, 3])
      if round > 0 { #expect(capture.next(1).map(\.signal) == [.gap]) }
      let edges = capture.next(1_000)
      #expect(edges.map(\.at.nanoseconds) == times)
      #expect(edges.allSatisfy { $0.track == 1 && $0.signal == .flux })
      writer = nil
      #expect(eventually { capture.counters.pointee.opened == UInt64(round) + 2 })
    }
    #expect(capture.counters.pointee.badRecords == 0)
    #expect(capture.counters.pointee.edges == 3_000)
  }

  @Test("a socket is connected to again")
  func unixSocket() throws {
    let folder = Folder()
    let listener = listening(at: folder.name("edges"))
    let capture = try Capture(.stream(folder.name("edges")))
    for round in 0..<2 {
      let (bytes, times) = records(100)
      let peer = Descriptor(accept(listener.number, nil, nil))
      for byte in bytes { peer.write([byte]) }
      if round > 0 { #expect(capture.next(1).map(\.signal) == [.gap]) }
      #expect(capture.next(100).map(\.at.nanoseconds) == times)
    }
  }

  @Test("a pty is read raw, and opened again after it was gone")
  func pty() throws {
    let folder = Folder()
    let capture = try Capture(.stream(folder.name("edges")))
    #expect(eventually { capture.counters.pointee.failure == ENOENT })
    for round in 0..<2 {
      let master = Pty(linkedAs: folder.name("edges"))
      #expect(eventually { capture.counters.pointee.opened == UInt64(round) + 1 })
      let (bytes, times) = records(100)
      master.write(bytes)
      if round > 0 { #expect(capture.next(1).map(\.signal) == [.gap]) }
      #expect(capture.next(100).map(\.at.nanoseconds) == times)
    }
  }

  @Test("a recording is played at its own pace from now on, and ends")
  func recording() throws {
    let folder = Folder()
    let file = Descriptor(creat(folder.name("edges"), 0o600))
    let steps: [UInt64] = [0, 100_000, 250_000, 30_000_000]
    file.write(steps.enumerated().flatMap { record(5_000_000_000 + $1, UInt32($0), line: 1) })
    let start = MonotonicClock.now().nanoseconds
    let capture = try Capture(.stream(folder.name("edges")))
    let edges = capture.next(4)
    let first = try #require(edges.first).at.nanoseconds
    #expect(first >= start)
    #expect(edges.map { $0.at.nanoseconds - first } == steps)
    #expect(MonotonicClock.now().nanoseconds >= first + steps[3])
    #expect(eventually { capture.counters.pointee.state == .ended })
  }

  @Test("an absent path is tried again without harm, and stopping does not hang")
  func absent() throws {
    let folder = Folder()
    let capture = try Capture(.stream(folder.name("absent")))
    #expect(eventually { capture.counters.pointee.failure == ENOENT })
    #expect(!capture.isOpen)
  }

  @Test("a loop that sleeps too long loses edges, knows it, and gets a gap in their place")
  func overflow() throws {
    let folder = Folder()
    mkfifo(folder.name("edges"), 0o600)
    let capture = try Capture(.stream(folder.name("edges")))
    let writer = Descriptor(open(folder.name("edges"), O_WRONLY))
    let (bytes, _) = records(CapturedEdges.capacity + 100)
    writer.write(bytes)
    #expect(eventually { capture.counters.pointee.refused >= 1 })
    #expect(capture.next(CapturedEdges.capacity).allSatisfy { $0.signal == .flux })
    // Whatever was still under way comes after the gap.
    let (more, times) = records(1, from: UInt32(CapturedEdges.capacity + 100))
    writer.write(more)
    var rest: [StripeEdge] = []
    #expect(
      eventually {
        while let edge = capture.counters.pointee.next() { rest.append(edge) }
        return rest.last?.at.nanoseconds == times[0]
      })
    #expect(rest.first?.signal == .gap)
  }
}

@Suite("Capture from a GPIO chip", .serialized, .timeLimit(.minutes(5)))
struct ChipCaptureTests {
  private func lines() -> GPIOLines {
    var lines = GPIOLines(chip: device("head"))
    let name = Array("TRACK1".utf8)
    lines.append(LineName(named: name.span)!, .both, bias: .pullUp)
    lines.append(LineName(offset: 4), .both)
    lines.append(LineName(offset: 6), .falling)
    return lines
  }

  private func plug() {
    fake_chip_plug("head")
    fake_chip_name_line(2, "TRACK1")
  }

  @Test("edges of all lines come in order of their time stamps")
  func edges() throws {
    plug()
    defer { fake_chip_unplug() }
    let capture = try Capture(.chip(lines()))
    #expect(eventually { capture.isOpen })
    let start = MonotonicClock.now().nanoseconds
    // Queued out of order, as interrupt threads do: line by line.
    for (offset, shift) in [(6, 2_000), (2, 0), (4, 1_000)] as [(UInt32, UInt64)] {
      for index in 0..<10 as Range<UInt64> { fake_edge(offset, start + index * 3_000 + shift, 0) }
    }
    let found = capture.next(30)
    #expect(found.map(\.at.nanoseconds) == (0..<30).map { start + $0 * 1_000 })
    #expect(found.map(\.track) == (0..<30).map { UInt8($0 % 3) + 1 })
    #expect(capture.counters.pointee.gaps == 0)
  }

  @Test("more than the kernel keeps is a gap")
  func overrun() throws {
    plug()
    defer { fake_chip_unplug() }
    let capture = try Capture(.chip(lines()))
    #expect(eventually { capture.isOpen })
    let start = MonotonicClock.now().nanoseconds
    for index in 0..<20_000 as Range<UInt64> { fake_edge(4, start + index, Int32(index & 1)) }
    var edges: UInt64 = 0
    #expect(
      eventually {
        while capture.counters.pointee.next() != nil { edges += 1 }
        return capture.counters.pointee.gaps > 0
      })
  }

  @Test("a chip that is unplugged comes back with a gap")
  func unplugged() throws {
    plug()
    defer { fake_chip_unplug() }
    let capture = try Capture(.chip(lines()))
    for round in 0..<2 {
      #expect(eventually { capture.counters.pointee.opened == UInt64(round) + 1 })
      let now = MonotonicClock.now().nanoseconds
      fake_edge(2, now, 1)
      #expect(capture.next(1) == [edge(now, track: 1, isHigh: true)])
      fake_chip_unplug()
      #expect(capture.next(1).map(\.signal) == [.gap])
      #expect(eventually { !capture.isOpen })
      plug()
    }
  }

  @Test("indicators are driven and fail when the chip is gone")
  func indicators() throws {
    plug()
    defer { fake_chip_unplug() }
    var lamps = GPIOLines(chip: device("gpiochip7"))
    lamps.append(output: LineName(offset: 0), isHigh: true)
    lamps.append(output: LineName(offset: 1), isHigh: false)
    let indicators = try Indicators(lamps)
    #expect(fake_output(0) == 1 && fake_output(1) == 0)
    let taken = (indicators.set(0, isHigh: false), indicators.set(1, isHigh: true))
    #expect(taken == (true, true))
    #expect(fake_output(0) == 0 && fake_output(1) == 1)
    #expect(throws: GPIOError(line: 0, reason: EBUSY)) { _ = try Indicators(lamps) }
    fake_chip_unplug()
    let lateTaken = indicators.set(0, isHigh: true)
    #expect(!lateTaken)
  }

  @Test("what cannot be had says which line")
  func errors() throws {
    plug()
    defer { fake_chip_unplug() }
    var unknown = lines()
    let name = Array("NOWHERE".utf8)
    unknown.append(LineName(named: name.span)!, .both)
    #expect(throws: GPIOError(line: 3, reason: ENOENT)) { _ = try unknown.watch() }
    let elsewhere = GPIOLines(chip: device("absent"))
    #expect(throws: GPIOError.self) { _ = try elsewhere.watch() }
  }
}
