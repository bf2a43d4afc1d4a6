// Our side of the peer of customer displays: `COMMANDS CHARACTERS LANGUAGE PROMPT` in numbers, a
// line each; the answer is what goes to the display, in hexadecimal.

import Display
import Foundation
import Octets

func answerDisplayRequests() {
  while let line = readLine() {
    let numbers = line.split(separator: " ").compactMap { UInt8($0) }
    guard numbers.count == 4, let commands = DisplayCommands(rawValue: numbers[0]),
      let characters = CharacterSet(rawValue: numbers[1]),
      let language = Language(rawValue: numbers[2])
    else {
      print("?")
      continue
    }
    var display = CustomerDisplay(commands: commands, characters: characters)
    display.show(
      DisplayMessage(
        prompt: numbers[3], language: language,
        amount: numbers[3] == 0x15
          ? DisplayAmount(minorUnits: 1250, currency: 978, exponent: 2) : nil))
    display.withOutput { print(Frames.hexText($0)) }
    fflush(nil)
  }
}
