// `bench card FILE`: the firmware's reader against a recorded dialogue, and what it makes of it.

import ArgumentParser
import Contactless
import Foundation
import Octets
import Simulator

struct CardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "card",
    abstract: "Run the reader against a recorded card dialogue: docs/TESTING.md has the formats.",
    discussion:
      "Card data are masked. Exits with 0 if the card was read, 1 if it was refused, 2 if "
      + "the file is no dialogue.")

  @Argument(help: "Dialogue files, - for the standard input, or virtual cards: \(CardNames.all).")
  var files: [String]
  @Option(help: "From this amount on, in minor units, the holder has to be verified.")
  var cvmLimit: UInt64 = 5_000
  @Option(help: "Up to this amount no online cryptogram is insisted upon.")
  var floorLimit: UInt64 = 0
  @Option(help: "Tags of DE55, such as 9F26,9F27,9F10.")
  var tags: String?
  @Flag(help: "As JSON, one object a file.")
  var json = false
  @Flag(help: "Show card data. For test cards only: what is printed here is pasted elsewhere.")
  var showData = false

  func run() throws {
    var own = TapTerminal()
    own.verificationLimit = cvmLimit
    own.floorLimit = floorLimit
    if let tags {
      guard let list = TagList(Array(tags.utf8).span) else {
        throw ValidationError("--tags: '\(tags)' are not up to 40 tags that may travel in clear")
      }
      own.tags = list
    }
    var worst: Int32 = 0
    for file in files {
      do {
        let report = try Self.read(file, own)
        print(json ? try report.json(showData) : report.text(file, showData))
        worst = max(worst, report.isRead ? 0 : 1)
      } catch let error as DialogueError {
        FileHandle.standardError.write(Data("\(file): \(error)\n".utf8))
        worst = 2
      }
    }
    if worst != 0 { throw ExitCode(worst) }
  }

  private static func read(_ file: String, _ own: TapTerminal) throws -> CardReport {
    if let card = try? CardNames.card(file), !FileManager.default.fileExists(atPath: file) {
      var run = TapRun(own, unpredictable: UInt32.random(in: .min ... .max))
      let end = run.tap(card, TapRun.sample)
      return CardReport(end, &run)
    }
    let handle = file == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: file)
    guard let handle else { throw DialogueError("cannot be opened") }
    let dialogue = try DialogueFile(try handle.read(upToCount: DialogueFile.largest + 1) ?? Data())
    var run = TapRun(dialogue.terminal(own), unpredictable: dialogue.unpredictable)
    let card = VirtualCard(.dialogue(DialogueCard(dialogue.exchanges)))
    let end = run.tap(card, dialogue.request)
    return CardReport(end, &run)
  }
}
