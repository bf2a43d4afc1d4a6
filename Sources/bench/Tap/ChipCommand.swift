// `bench pn532`: a virtual PN532 with cards on a pseudoterminal, for any program that talks to one.

import ArgumentParser
import Foundation
import Octets
import Simulator

struct ChipCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pn532", abstract: "Serve a virtual PN532 on a pseudoterminal.",
    discussion: """
      Prints the terminal's path, then takes lines from the standard input: `card NAME…` holds \
      cards before it, `remove` takes them away, `log` shows the bytes since the last, `quit` ends.
      Cards: \(CardNames.all).
      """)

  @Option(parsing: .upToNextOption, help: "Cards that are there at the start.")
  var card: [String] = []
  @Option(help: "A link to be made to the terminal.")
  var link: String?
  @Option(help: "Chance for each frame, as NAME=CHANCE,…: \(ChipFaults.names).")
  var faults: String?
  @Option(help: "Seed of the faults.")
  var seed: UInt64 = 1

  func run() throws {
    var chances = ChipFaults()
    if let faults { try chances.set(faults) }
    chances.seed = seed
    let server = try ChipServer(faults: chances, keepsLog: true)
    server.present(try card.map(CardNames.card))
    if let link {
      try? FileManager.default.removeItem(atPath: link)
      try FileManager.default.createSymbolicLink(
        atPath: link, withDestinationPath: server.line.path)
    }
    say(server.line.path)
    while let line = readLine() {
      let words = line.split(separator: " ").map(String.init)
      switch words.first {
      case "card": server.present(try words.dropFirst().map(CardNames.card))
      case "remove": server.present([])
      case "log": log(server)
      case "quit": return
      default: say("card NAME…, remove, log or quit")
      }
      say("ok")
    }
    // Without an input it serves until it is killed.
    while true { sleep(3_600) }
  }

  private func log(_ server: ChipServer) {
    for entry in server.log { say((entry.isFromHost ? "> " : "< ") + hexadecimal(entry.bytes)) }
  }

  private func say(_ text: String) {
    print(text)
    fflush(nil)
  }
}

/// Cards by their names on a command line.
enum CardNames {
  static let schemes: [(name: String, scheme: PaymentCard.Scheme)] = [
    ("visa", .visa), ("mastercard", .mastercard), ("amex", .amex), ("discover", .discover),
    ("jcb", .jcb), ("unionpay", .unionPay),
  ]
  static let all =
    schemes.map(\.name).joined(separator: ", ")
    + ", each also as NAME-phone, NAME-torn and NAME-b (of type B); ticket; a dialogue file"

  static func card(_ name: String) throws -> VirtualCard {
    if name == "ticket" { return VirtualCard(.memory) }
    let parts = name.split(separator: "-").map(String.init)
    if let found = schemes.first(where: { $0.name == parts.first }) {
      var payment = PaymentCard(found.scheme)
      payment.isPhone = parts.contains("phone")
      var card = VirtualCard(.payment(payment))
      if parts.contains("torn") { card.leavesAfter = 2 }
      card.isTypeB = parts.contains("b")
      return card
    }
    guard let content = FileManager.default.contents(atPath: name) else {
      throw DialogueError("'\(name)' is no card (\(all))")
    }
    return VirtualCard(.dialogue(DialogueCard(try DialogueFile(content).exchanges)))
  }
}

extension ChipFaults {
  static let names = "lost-ack, lost-command, lost-answer, changed-byte, garbage, reset"

  mutating func set(_ text: String) throws {
    for pair in text.split(separator: ",") {
      let sides = pair.split(separator: "=").map(String.init)
      guard sides.count == 2, let chance = Double(sides[1]), (0...1).contains(chance) else {
        throw ValidationError("--faults: '\(pair)' is not NAME=CHANCE with a chance from 0 to 1")
      }
      switch sides[0] {
      case "lost-ack": lostACK = chance
      case "lost-command": lostCommand = chance
      case "lost-answer": lostAnswer = chance
      case "changed-byte": changedByte = chance
      case "garbage": garbage = chance
      case "reset": reset = chance
      default: throw ValidationError("--faults: '\(sides[0])' is none of \(Self.names)")
      }
    }
  }
}
