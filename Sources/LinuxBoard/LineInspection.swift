// A look at a chip and its lines that takes none of them.

import CGPIO
import CLinux

/// Who uses a line.
public enum LineHolder: Sendable {
  case nobody
  case tillgate
  case another
}

extension GPIOLines {
  /// Throws when the chip is not there or may not be opened.
  public func lookAtChip() throws(GPIOError) {
    var holder = TG_GPIO_FREE
    let result = chip.withCString { tg_gpio_look($0, nil, &holder) }
    guard result == 0 else { throw GPIOError(line: nil, reason: -result) }
  }

  /// Who has line `index`; throws when the chip has no such line.
  public func holder(of index: Int) throws(GPIOError) -> LineHolder {
    var holder = TG_GPIO_FREE
    var line = lines[index]
    let result = chip.withCString { tg_gpio_look($0, &line, &holder) }
    guard result == 0 else { throw GPIOError(line: index, reason: -result) }
    switch holder {
    case TG_GPIO_FREE: return .nobody
    case TG_GPIO_OURS: return .tillgate
    default: return .another
    }
  }

  /// Adds line `index` as the board file names it.
  public func describe(_ index: Int, in text: inout Line) {
    text.add("line ")
    var line = lines[index]
    guard line.name.0 != 0 else { return text.add(line.offset) }
    withUnsafePointer(to: &line.name) { name in
      text.add(text: UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))
    }
  }
}
