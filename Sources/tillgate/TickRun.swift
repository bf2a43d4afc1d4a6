// `tillgate bench BOARD.ini`: how late this very computer lets the loop be, as a histogram that can
// be read on a terminal and kept. Load the computer meanwhile with what it will have to do.

import CLinux
import LinuxBoard
import Octets
import Profile

/// Measured ticks of the board file's length, rank and processor.
enum TickRun {
  /// Half of a few sleeps, and the worst of them; nil when no thread or memory was to be had.
  static func sample(_ profile: BoardProfile) -> (median: Interval, worst: Interval)? {
    guard let test = memory(profile, slots: 200),
      let thread = start(test, profile)
    else { return nil }
    thread.join()
    let lateness = test.pointer.pointee.lateness.percentile(permille: 500)
    return (lateness, test.pointer.pointee.lateness.maximum)
  }

  static func memory(_ profile: BoardProfile, slots: UInt64) -> LockedMemory<TickTest>? {
    do throws(NoMemory) {
      return try LockedMemory<TickTest> { (place) throws(NoMemory) in
        place.initialize(to: try TickTest(period: profile.loop.tick, slots: slots))
      }
    } catch { return nil }
  }

  static func start(
    _ test: borrowing LockedMemory<TickTest>, _ profile: BoardProfile
  ) -> LinuxBoard.Thread? {
    do throws(NoThread) {
      return try LinuxBoard.Thread(
        "ticks", .realTime(profile.loop.priority), cpu: profile.loop.processor.map { Int32($0) },
        context: test.pointer
      ) { context in
        context!.assumingMemoryBound(to: TickTest.self).pointee.run()
      }
    } catch { return nil }
  }
}

func bench(_ arguments: Arguments) -> Int32 {
  guard let options = BenchOptions(arguments) else {
    Console.error.print("usage: tillgate bench BOARD.ini [--seconds 1-86400] [--save FILE]")
    return Exit.usage
  }
  guard let profile = readProfile(1, arguments) else { return Exit.failure }
  Signal.hold()
  RealTime.enter().describe { Console.error.print($0) }
  let tick = profile.loop.tick.nanoseconds
  let slots = options.seconds * 1_000_000_000 / UInt64(tick)
  guard let test = TickRun.memory(profile, slots: slots), let thread = TickRun.start(test, profile)
  else {
    Console.error.print("tillgate bench: no memory or no thread to be had")
    return Exit.failure
  }
  thread.lacks.describe { Console.error.print($0) }
  while !test.pointer.pointee.isOver {
    if Signal.wait(upTo: .milliseconds(250)) != nil { test.pointer.pointee.stop() }
  }
  thread.join()
  let chart = TickChart(profile, missed: test.pointer.pointee.missed)
  chart.draw(test.pointer.pointee.lateness)
  guard let path = options.path else { return Exit.success }
  return chart.save(test.pointer.pointee.lateness, path) ? Exit.success : Exit.failure
}

private struct BenchOptions {
  var seconds: UInt64 = 10
  var path: UnsafeMutablePointer<CChar>?

  init?(_ arguments: Arguments) {
    guard arguments.count >= 2, arguments.count % 2 == 0 else { return nil }
    for index in stride(from: 2, to: arguments.count, by: 2) {
      if arguments.word(index, is: "--seconds"), let number = arguments.number(index + 1),
        number > 0, number <= 86_400
      {
        seconds = number
      } else if arguments.word(index, is: "--save") {
        path = arguments.pointer(index + 1)
      } else {
        return nil
      }
    }
  }
}
