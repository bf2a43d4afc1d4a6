// `bench magstripe`: the stripe decoders on one's own recordings, and on many simulated swipes.

import ArgumentParser
import Magstripe

struct MagstripeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "magstripe",
    abstract: "The stripe decoders, on recordings and on simulated swipes.",
    subcommands: [DecodeCommand.self, TableCommand.self, TrialCommand.self])
}

/// What a head puts out, as an argument.
enum HeadKind: String, ExpressibleByArgument, CaseIterable, Sendable {
  case f2f
  case clockData = "clock-data"

  var kind: StripeSettings.Kind { self == .f2f ? .f2f : .clockData }
}
