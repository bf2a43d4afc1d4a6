// Prints the transcripts of simulated worlds: `replay FIRST [COUNT]`. Built as ordinary Swift and
// as Embedded Swift, so that `Tests/replay` can hold one against the other. The firmware build
// allows this program a heap, unlike the firmware: the simulator keeps the world behind a pointer.

import CLinux
import Octets
import Simulator

private func print(_ text: Span<UInt8>) {
  text.withUnsafeBytes { bytes in
    var done = 0
    while done < bytes.count {
      let written = tg_write(1, bytes.baseAddress! + done, bytes.count - done)
      guard written > 0 else { return }
      done += written
    }
  }
}

/// The linker makes this symbol the program's `main`, as it does for the firmware.
@c(replay_main)
public func replay(
  _ count: Int32, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  guard let words, count == 2 || count == 3, let first = number(words[1]),
    let runs = count == 3 ? number(words[2]) : 1
  else {
    withLiteral("usage: replay SEED [COUNT]\n", print)
    return 64
  }
  var broken: Int32 = 0
  for seed in first..<(first + runs) {
    title(seed) { print($0) }
    var world = World(seed: seed)
    world.run { print($0) }
    if world.violation != nil { broken = 1 }
  }
  return broken
}
