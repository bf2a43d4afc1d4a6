// The engineers' tool: the virtual kiosk, the benchmarks, and a look into one's own recordings.

import ArgumentParser

@main
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract:
      "Tillgate's bench: a virtual kiosk, benchmarks, stripe recordings and card dialogues.",
    subcommands: [
      KioskCommand.self, RegisterCommand.self, PairCommand.self, MagstripeCommand.self,
      CardCommand.self,
      ChipCommand.self,
      MeasureAllCommand.self, TicksCommand.self,
      ReleasesCommand.self, JournalCommand.self, DialogueCommand.self, GoodputCommand.self,
      TapCommand.self,
      CaptureCommand.self,
      VaultSpeedCommand.self,
      DecodeSpeedCommand.self,
      FootprintCommand.self, HeapCommand.self, SandboxCommand.self, SimulateCommand.self,
      MixedCommand.self,
    ])
}
