// swift-tools-version: 6.2
import PackageDescription

// Lifetimes: cursors over borrowed bytes (`Reader`) that the compiler keeps from outliving them.
let swift: [SwiftSetting] = [
  .enableExperimentalFeature("Lifetimes"),
  .enableUpcomingFeature("ExistentialAny"),
  .swiftLanguageMode(.v6),
]

/// A module of the firmware: allocation-free Embedded Swift as well as ordinary Swift.
func firmware(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swift)
}

/// A module that tests put through millions of edges: optimised in every configuration.
func optimised(_ target: Target) -> Target {
  target.swiftSettings?.append(.unsafeFlags(["-O"], .when(configuration: .debug)))
  return target
}

/// A foreign library behind our own prototypes.
func foreign(_ name: String, path: String? = nil, links libraries: [String] = []) -> Target {
  .target(
    name: name, path: path,
    cSettings: [.define("_GNU_SOURCE"), .unsafeFlags(["-Wall", "-Wextra", "-Werror"])],
    linkerSettings: libraries.map { .linkedLibrary($0) })
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [])
  -> Target
{
  .testTarget(
    name: name, dependencies: dependencies, resources: resources, swiftSettings: swift)
}

let package = Package(
  name: "Tillgate",
  products: [
    .executable(name: "tillgate", targets: ["tillgate"]),
    .library(name: "Register", targets: ["Register", "Link", "Vault", "Octets"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.1.0"),
  ],
  targets: [
    foreign("CSodium", links: ["sodium"]),
    foreign("CBearSSL", links: ["bearssl"]),
    foreign("CInih", links: ["inih"]),
    foreign("CSQLite", links: ["sqlite3"]),
    foreign("CGPIO", links: ["gpiod"]),
    foreign("CSerial", links: ["serialport"]),
    foreign("CLinux"),

    firmware("Octets", ["CSodium"]),
    optimised(firmware("Magstripe", ["Octets", "CSodium"])),
    firmware("Identity", ["Octets"]),
    firmware("WalletCode", ["Octets", "CSodium"]),
    firmware("Contactless", ["Octets"]),
    firmware("Display", ["Octets"]),
    firmware("Concert", ["Octets"]),
    firmware("Vault", ["Octets", "CSodium", "CBearSSL"]),
    firmware("Link", ["Octets", "CSodium"]),
    firmware("Journal", ["Octets", "Link", "CSodium", "CSQLite"]),
    firmware("Profile", ["Octets", "CInih"]),
    firmware("Doctor", ["Octets"]),
    firmware(
      "Controller",
      [
        "Octets", "Magstripe", "Identity", "Contactless", "WalletCode", "Display", "Concert",
        "Vault", "Link", "Journal",
      ]),
    firmware(
      "LinuxBoard",
      [
        "Octets", "Magstripe", "Vault", "Link", "Journal", "Controller", "Profile", "CLinux",
        "CGPIO", "CSerial", "CSodium",
      ]),
    .executableTarget(
      name: "tillgate",
      dependencies: [
        "Octets", "Magstripe", "Identity", "Contactless", "WalletCode", "Display", "Concert",
        "Vault", "Link",
        "Journal", "Controller", "Profile", "LinuxBoard", "Doctor", "CLinux", "CSodium",
      ],
      swiftSettings: swift),

    firmware("Register", ["Octets", "Vault", "Link"]),
    foreign("CTillregister"),
    firmware("RegisterKit", ["Octets", "Vault", "Link", "Register", "CSodium", "CTillregister"]),
    foreign("CFaultDisk", links: ["sqlite3"]),
    optimised(
      firmware(
        "Simulator",
        [
          "Octets", "Magstripe", "Identity", "Contactless", "Vault", "Link", "Journal",
          "Controller", "Register", "CFaultDisk",
        ])),

    optimised(
      .target(
        name: "Captures", dependencies: ["Octets", "Magstripe", "Identity"],
        path: "Sources/bench/Captures", swiftSettings: swift)),
    .executableTarget(
      name: "bench",
      dependencies: [
        "Octets", "Magstripe", "Identity", "Contactless", "Vault", "Link", "Journal", "Register",
        "Simulator", "CSodium", "CSerial", "CTillregister", "Captures",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      exclude: ["Captures"],
      swiftSettings: swift),
    .executableTarget(name: "reference-loop", path: "Tests/ReferenceLoop"),

    tests("OctetsTests", ["Octets"]),
    tests("MagstripeTests", ["Octets", "Magstripe", "Simulator"]),
    tests("IdentityTests", ["Octets", "Identity"]),
    tests("WalletCodeTests", ["Octets", "WalletCode"]),
    tests("ContactlessTests", ["Octets", "Contactless", "Simulator"]),
    tests("DisplayTests", ["Octets", "Display"]),
    tests("ConcertTests", ["Octets", "Concert"]),
    tests("VaultTests", ["Octets", "Vault", "CSodium", "Simulator"]),
    tests("LinkTests", ["Octets", "Link", "CSodium"]),
    tests("JournalTests", ["Octets", "Link", "Journal", "CSQLite"]),
    tests("RegisterTests", ["Octets", "Link", "Vault", "Register"]),
    tests(
      "ControllerTests",
      [
        "Octets", "Magstripe", "Contactless", "Vault", "Link", "Controller", "Simulator",
        "Register",
      ]),
    tests("ProfileTests", ["Octets", "Profile", "tillgate"]),
    tests("DoctorTests", ["Octets", "Doctor", "tillgate"]),
    tests("TidyTests", []),
    .target(
      name: "FakeKernel", path: "Tests/FakeKernel",
      cSettings: [.define("_GNU_SOURCE"), .unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
    tests(
      "LinuxBoardTests",
      [
        "Octets", "Magstripe", "LinuxBoard", "Profile", "CLinux", "CGPIO", "CSerial",
        "FakeKernel",
      ]),
    tests("BenchTests", ["Octets", "Magstripe", "Captures", "Simulator"]),
    tests("SimulatorTests", ["Octets", "Magstripe", "Simulator"]),
    .target(
      name: "PlainSQLite", path: "Tests/PlainSQLite",
      cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])],
      linkerSettings: [.linkedLibrary("sqlite3")]),
    tests("FaultDiskTests", ["Octets", "Simulator", "PlainSQLite"]),
    .executableTarget(
      name: "replay", dependencies: ["Octets", "Simulator", "CLinux"], path: "Tests/Replay",
      swiftSettings: swift, linkerSettings: [.linkedLibrary("m")]),
    foreign("CGuest", path: "Tests/VM/CGuest"),
    .executableTarget(
      name: "guest",
      dependencies: [
        "Octets", "Magstripe", "Vault", "Link", "Register", "Profile", "Simulator", "LinuxBoard",
        "CLinux", "CSerial", "CSodium", "CGuest",
      ], path: "Tests/VM/Guest", swiftSettings: swift),
    .executableTarget(
      name: "peerport",
      dependencies: [
        "Octets", "Magstripe", "Identity", "WalletCode", "Display", "Concert", "Vault", "Link",
        "Journal", "Register", "Simulator",
      ],
      path: "Tests/PeerPort", swiftSettings: swift),
  ]
)
