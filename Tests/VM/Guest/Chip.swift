// The simulated GPIO chip from its far side: where the head's outputs and the lights are wired.

import CGuest
import Magstripe
import Simulator

/// The lines as Tests/VM/init names them and boards/qemu/board.ini uses them.
struct ChipLines {
  static func line(_ edge: StripeEdge) -> Int? {
    let track = Int(edge.track)
    return switch edge.signal {
    case .strobe: 2 * track - 2
    case .data: 2 * track - 1
    case .cardPresent: 6
    case .flux: 6 + track
    case .gap: nil
    }
  }
  /// Inputs of the chip: everything a head drives.
  static let inputs = 10
  /// `ready`, `reading`, `ok`, `error` follow.
  static let lights = 10..<14
}

enum Light: Int {
  case ready = 0
  case reading
  case ok
  case error
}

/// The chip while it is bound.
final class Chip {
  private var pulls: [Int32] = []
  private var values: [Int32] = []
  private var levels = [Bool](repeating: true, count: ChipLines.inputs)

  /// Nil when the chip is not bound. A head at rest: every line high.
  init?() {
    for line in 0..<ChipLines.inputs { pulls.append(guest_open_pull(UInt32(line))) }
    for line in ChipLines.lights { values.append(guest_open_value(UInt32(line))) }
    guard pulls.allSatisfy({ $0 >= 0 }), values.allSatisfy({ $0 >= 0 }) else { return nil }
    for pull in pulls where guest_pull(pull, 1) != 0 { return nil }
  }

  deinit {
    for pull in pulls { guest_close(pull) }
    for value in values { guest_close(value) }
  }

  /// Without a level, to the other one.
  func drive(_ line: Int, isHigh: Bool?) {
    levels[line] = isHigh ?? !levels[line]
    _ = guest_pull(pulls[line], levels[line] ? 1 : 0)
  }

  func isLit(_ light: Light) -> Bool { guest_value(values[light.rawValue]) == 1 }
}
