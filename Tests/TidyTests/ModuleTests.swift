// Who may import whom (docs/ARCHITECTURE.md): octets at the bottom, siblings that do not know each
// other, the controller above them, the board and the program on top.

import Testing

@Suite("Modules")
struct ModuleTests {
  /// What each module that ships, or that must be able to, may import. Foundation and the C library
  /// are nobody's: the kernel's part is behind CLinux.
  private static let allowed: [String: Set<String>] = [
    "Octets": ["CSodium"],
    "Magstripe": ["Octets", "CSodium"],
    "Identity": ["Octets"],
    "Contactless": ["Octets"],
    "WalletCode": ["Octets", "CSodium"],
    "Display": ["Octets"],
    "Concert": ["Octets"],
    "Vault": ["Octets", "CSodium", "CBearSSL"],
    "Link": ["Octets", "CSodium"],
    "Profile": ["Octets", "CInih"],
    "Doctor": ["Octets"],
    "Journal": ["Octets", "Link", "CSodium", "CSQLite"],
    "Register": ["Octets", "Vault", "Link"],
    "RegisterKit": ["Octets", "Vault", "Link", "Register", "CSodium", "CTillregister"],
    "Controller": [
      "Octets", "Magstripe", "Identity", "Contactless", "WalletCode", "Display", "Concert", "Vault",
      "Link", "Journal",
    ],
    "LinuxBoard": [
      "Octets", "Magstripe", "Vault", "Link", "Journal", "Controller", "Profile", "CLinux", "CGPIO",
      "CSerial", "CSodium", "Synchronization",
    ],
    "tillgate": [
      "Octets", "Magstripe", "Identity", "Contactless", "WalletCode", "Display", "Concert", "Vault",
      "Link",
      "Controller", "Journal", "Profile", "Doctor", "LinuxBoard", "CLinux", "CSodium",
      "Synchronization",
    ],
    // No program that ships, but its code runs in both builds. It plays the acquirer too, and so
    // needs the block ciphers.
    "Simulator": [
      "Octets", "Magstripe", "Identity", "Contactless", "WalletCode", "Display", "Vault", "Link",
      "Controller", "Journal", "Register", "CSodium", "CBearSSL", "CFaultDisk",
    ],
  ]

  static func imports(of file: TextFile) -> [String] {
    file.code.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard let place = words.firstIndex(of: "import"), place + 1 < words.count else { return nil }
      // Attributes and access before it; `import struct M.T` and submodules after it.
      guard words[..<place].allSatisfy({ $0.hasPrefix("@") || Self.access.contains($0) }) else {
        return nil
      }
      return words.last.map { String($0.prefix { $0 != "." }) }
    }
  }

  private static let access: Set<Substring> = [
    "public", "package", "internal", "fileprivate", "private",
  ]

  @Test("import only what lies below them")
  func layers() {
    var offences: [String] = []
    for file in Tree.shipping {
      guard let allowed = Self.allowed[file.module] else {
        offences.append("\(file.path): module '\(file.module)' is not in the table")
        continue
      }
      for module in Self.imports(of: file) where !allowed.contains(module) {
        offences.append("\(file.path): must not import \(module)")
      }
    }
    #expect(offences == [])
  }

  @Test("that ship do not know the simulator or the bench")
  func simulator() {
    let ships = Tree.shipping.filter { $0.module != "Simulator" }
    #expect(ships.count > 0)
    for file in ships {
      let world: Set = ["Simulator", "bench"]
      #expect(world.isDisjoint(with: Self.imports(of: file)), "\(file.path)")
    }
  }

  @Test("and the reader of imports reads them")
  func reader() {
    let file = TextFile(
      path: "Sources/A/a.swift",
      text: """
        // import One
        import Two
        @testable import Three
        public import struct Four.Part
        let text = "import Five"
        """)
    #expect(Self.imports(of: file) == ["Two", "Three", "Four"])
  }
}
