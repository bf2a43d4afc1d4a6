// What the running program may still do: its state directory, devices, clocks, memory. A flaw in a
// parser or a library then finds no network, no other file and no other program.

import CLinux
import Octets
import Profile

/// A wall that could not be put up, because the kernel is too old or was built without.
public enum SandboxLack: UInt32, Sendable {
  case privilegeBan = 1
  case landlock = 2
  case filter = 4
  /// A directory that the board file names is not there; what is in it cannot be opened later.
  case path = 8
}

/// All that is lacking. The rest stands, and the program runs.
public struct SandboxLacks: Equatable, Sendable {
  private var bits: UInt32

  public init(bits: UInt32) { self.bits = bits }

  public var isEmpty: Bool { bits == 0 }
  public func contains(_ lack: SandboxLack) -> Bool { bits & lack.rawValue != 0 }
  fileprivate mutating func add(_ more: UInt32) { bits |= more }

  /// What is lacking and what would help, one line each.
  public func describe(_ say: (StaticString) -> Void) {
    if contains(.privilegeBan) { say("new privileges could not be given up") }
    if contains(.landlock) {
      say("any file may be opened: the kernel has no Landlock (5.13, and lsm=...,landlock)")
    }
    if contains(.filter) { say("any system call may be made: the kernel has no seccomp filters") }
    if contains(.path) { say("a directory that the board file names is not there") }
  }
}

public enum Sandbox {
  /// Shuts the program in with what `profile` needs. To be called once, when all is set up that is
  /// done only once, and before threads are started: they are inside with it.
  public static func enter(_ profile: BoardProfile) -> SandboxLacks {
    let rules = tg_sandbox_rules()
    var lacks = SandboxLacks(bits: 0)
    // A chip or a port that comes back is a new node in the same directory.
    let devices: StaticString = "/dev"
    lacks.add(tg_sandbox_permit(rules, devices.utf8Start, 0, Int32(TG_PERMIT_DEVICES)))
    // Where libgpiod and libserialport look up what a device is.
    let descriptions: StaticString = "/sys"
    lacks.add(tg_sandbox_permit(rules, descriptions.utf8Start, 0, Int32(TG_PERMIT_READ)))
    profile.storage.withPointer { path in
      lacks.add(tg_sandbox_permit(rules, path, 0, Int32(TG_PERMIT_CHANGE)))
    }
    let runtime: StaticString = "RUNTIME_DIRECTORY"
    if let path = tg_environment(runtime.utf8Start) {
      lacks.add(tg_sandbox_permit(rules, path, 0, Int32(TG_PERMIT_CHANGE)))
    }
    if profile.stripe.source == .stream {
      profile.stripe.stream.withPointer { path in
        lacks.add(tg_sandbox_permit(rules, path, 1, Int32(TG_PERMIT_READ)))
      }
    }
    lacks.add(tg_sandbox_enter(rules))
    return lacks
  }
}
