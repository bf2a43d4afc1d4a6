// Why the program did not start, in words that say what to do.

import CLinux
import Journal
import LinuxBoard
import Octets
import Profile
import Vault

enum StartFailure: Error {
  case store(StoreError)
  case vault(VaultError)
  case journal(JournalError)
  /// The pairing's keys are no keys.
  case pairing
  case lamps(GPIOError)
  /// The contactless reader's section; `tillgate check` says what.
  case taps
  case memory
  case thread(errno: Int32)

  init(_ failure: CaptureFailure) {
    switch failure {
    case .noChip: preconditionFailure("a profile without a source is refused when it is read")
    case .memory: self = .memory
    case .thread(let errno): self = .thread(errno: errno)
    }
  }

  func print(_ profile: BoardProfile) {
    var line = Line()
    line.add("tillgate run: ")
    switch self {
    case .store(let error):
      profile.storage.withBytes { line.add($0) }
      line.add(": ")
      line.add(error)
    case .journal(let error):
      profile.storage.withBytes { line.add($0) }
      line.add("/log.db ")
      line.add(error)
    case .vault(.epochsExhausted):
      line.add("this board has started 4294967295 times: pair it anew with a new record key")
    case .vault: line.add("the vault refuses to start")
    case .pairing:
      line.add("the pairing's keys are no valid keys; load others with: tillgate keys pair")
    case .lamps(let error):
      line.add("the lines of lights and buzzer of chip ")
      profile.chip.withBytes { line.add($0) }
      line.add(" cannot be had: ")
      line.add(text: tg_error_text(error.reason))
    case .taps: line.add("the contactless reader's section is wrong; see tillgate check")
    case .memory: line.add("not enough memory for the program's buffers")
    case .thread(let errno):
      line.add("a thread cannot be started: ")
      line.add(text: tg_error_text(errno))
    }
    line.print(to: .error)
  }
}
