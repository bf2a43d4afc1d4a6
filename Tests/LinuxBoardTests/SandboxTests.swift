// Inside the walls of the running program: what it needs works, everything else is refused. Each
// probe is tried without walls too, so that a refusal is the walls' own.

import CLinux
import FakeKernel
import Glibc
import LinuxBoard
import Octets
import Profile
import Testing

/// A board whose state is in a folder of its own. In a global, where a forked child finds it.
private enum Walls {
  static nonisolated(unsafe) let folder = Folder()
  static let profile: BoardProfile? = {
    let text = """
      [board]
      name = walls
      model = Walls
      [stripe]
      kind = f2f
      source = stream
      stream = \(folder.path)/edges
      [register]
      port = \(folder.path)/register
      [storage]
      directory = \(folder.path)
      """
    return BoardProfile.parse(Array(text.utf8).span) { line, _ in
      Issue.record("line \(line) of the board file is wrong")
    }
  }()

  /// What `name` comes to inside the walls, and outside.
  static func attempt(_ name: String) throws -> (inside: Int32, outside: Int32) {
    _ = try #require(profile)
    let inside = probe({ _ = Sandbox.enter(Walls.profile!) }, name, folder.path)
    return (inside, probe({}, name, folder.path))
  }
}

@Suite("Inside its walls the program", .serialized)
struct SandboxTests {
  @Test(
    "has no network",
    arguments: ["internet", "internet6", "netlink", "packets"])
  func network(name: String) throws {
    #expect(try Walls.attempt(name).inside == EAFNOSUPPORT)
  }

  @Test("ends when it starts or looks into another", arguments: ["another-program", "debugging"])
  func fatal(name: String) throws {
    let result = try Walls.attempt(name)
    #expect(result.inside == -SIGSYS)
    #expect(result.outside == 0)
  }

  @Test(
    "makes no process, no code, no way out",
    arguments: [
      "another-process", "signalling", "namespaces", "keyring", "dumpable", "typing", "code-pages",
      "data-as-code",
    ])
  func refused(name: String) throws {
    #expect(try Walls.attempt(name).inside == EPERM)
  }

  @Test(
    "opens no file but its own", .enabled(if: tg_landlock_version() > 0),
    arguments: ["other-file", "other-folder", "new-device", "own-folder"])
  func files(name: String) throws {
    #expect(try Walls.attempt(name).inside == EACCES)
    unlink("/tmp/tillgate-probe")
    unlink("/dev/tillgate-probe")
    rmdir(Walls.folder.name("probe"))
  }

  @Test(
    "does what it is there for",
    arguments: ["own-file", "device", "description", "local", "thread"])
  func allowed(name: String) throws {
    let result = try Walls.attempt(name)
    #expect(result.inside == 0)
    #expect(result.outside == 0)
  }

  @Test("says in words what a kernel lacks, and which of it helps")
  func words() {
    var lines: [String] = []
    SandboxLacks(bits: 6).describe { lines.append($0.description) }
    #expect(lines.count == 2)
    #expect(lines[0].contains("Landlock") && lines[1].contains("seccomp"))
    SandboxLacks(bits: 0).describe { lines.append($0.description) }
    #expect(lines.count == 2)
  }
}
