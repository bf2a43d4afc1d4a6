// The engineers' tool: the virtual kiosk, the benchmarks, and a look into one's own recordings.

import ArgumentParser

@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Tillgate's bench: a virtual kiosk, benchmarks and stripe recordings.",
    subcommands: [
      KioskCommand.self, MagstripeCommand.self, MeasureAllCommand.self, TicksCommand.self,
      ReleasesCommand.self, CaptureCommand.self, VaultSpeedCommand.self, DecodeSpeedCommand.self,
      FootprintCommand.self, HeapCommand.self, SandboxCommand.self,
    ])
}
