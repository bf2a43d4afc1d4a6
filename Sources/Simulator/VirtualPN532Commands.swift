// What a virtual PN532's commands do, and how long they take (NXP UM0701-02 chapter 7).

import Octets

extension VirtualPN532 {
  static let rates = [
    9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600, 1_288_000,
  ]

  /// How long the command takes; cards are asked now and answer then.
  mutating func start(_ command: [UInt8]) -> Interval {
    switch command[0] {
    case 0x4A: return list(command)
    case 0x40:
      // A second helping of a long answer costs nothing on the air.
      guard command.count > 2, let place = listed.first, place < cards.count else {
        return .microseconds(300)
      }
      return ask(place, Array(command[2...]))
    case 0x42: return .milliseconds(cards.isEmpty ? 20 : 2)
    default: return .microseconds(200)
    }
  }

  /// The answer of a command that is done; nil for a syntax error.
  mutating func finish(_ command: [UInt8]) -> [UInt8]? {
    let parameters = Array(command.dropFirst())
    switch command[0] {
    case 0x00: return [0x01] + parameters
    case 0x02: return [0x03, 0x32, 0x01, 0x06, 0x07]
    case 0x04: return [0x05, 0, 0, UInt8(listed.count), 0x80]
    case 0x06, 0x08: return access(command[0], parameters)
    case 0x10:
      guard let code = parameters.first, code < 9 else { return nil }
      pendingRate = Self.rates[Int(code)]
      return [0x11]
    case 0x12:
      guard parameters.count == 1 else { return nil }
      self.parameters = parameters[0]
      return [0x13]
    case 0x14:
      guard let mode = parameters.first, (1...4).contains(mode) else { return nil }
      return [0x15]
    case 0x16: return [0x17, 0]
    case 0x32: return configure(parameters)
    case 0x40: return parameters.isEmpty ? nil : exchange(parameters)
    case 0x42: return [0x43] + through(parameters)
    case 0x44, 0x52, 0x54:
      if command[0] == 0x52 { listed = [] }
      return [command[0] + 1, 0]
    case 0x4A: return parameters.count < 2 ? nil : endList(parameters)
    default: return nil
    }
  }

  private mutating func access(_ code: UInt8, _ parameters: [UInt8]) -> [UInt8]? {
    var answer = [code + 1]
    let size = code == 0x06 ? 2 : 3
    guard parameters.count % size == 0 else { return nil }
    for start in stride(from: 0, to: parameters.count, by: size) {
      let place = Int(parameters[start]) << 8 | Int(parameters[start + 1])
      if code == 0x06 {
        answer.append(registers[place])
      } else {
        registers[place] = parameters[start + 2]
      }
    }
    return answer
  }

  private mutating func configure(_ parameters: [UInt8]) -> [UInt8]? {
    guard let item = parameters.first else { return nil }
    if item == 0x01, parameters.count == 2, parameters[1] & 1 == 0 {
      listed = []
      for index in cards.indices { cards[index].reset() }
    }
    if item == 0x05, parameters.count == 4 { retries = parameters[3] }
    return [0x33]
  }

  // MARK: Listing

  /// A card of type A takes 5 ms to be found and activated; each vain try takes 5 ms as well.
  private mutating func list(_ command: [UInt8]) -> Interval {
    let found = found(command)
    if !found.isEmpty { return .milliseconds(Int64(5 * found.count)) }
    // Without a limit the chip looks for ever: longer than anyone waits.
    return retries == 0xFF ? .seconds(86_400) : .milliseconds(5 * (Int64(retries) + 1))
  }

  private func found(_ command: [UInt8]) -> [Int] {
    guard command.count > 2 else { return [] }
    let places = cards.indices.filter { cards[$0].modulation == command[2] }
    return Array(places.prefix(Int(command[1])))
  }

  private mutating func endList(_ parameters: [UInt8]) -> [UInt8] {
    listed = found([0x4A] + parameters)
    var answer: [UInt8] = [0x4B, UInt8(listed.count)]
    for (number, place) in listed.enumerated() {
      answer.append(UInt8(number + 1))
      answer += cards[place].description(withATS: self.parameters & 0x10 != 0)
    }
    return answer
  }

  // MARK: Exchanging

  private mutating func ask(_ place: Int, _ apdu: [UInt8]) -> Interval {
    let card = cards[place].take(apdu)
    let radio = VirtualCard.airTime(apdu.count, cards[place].answer.count)
    cardTime = cardTime + card
    radioTime = radioTime + radio
    return card + radio
  }

  private mutating func exchange(_ parameters: [UInt8]) -> [UInt8] {
    if parameters.count == 1 { return part(rest) }
    // A card that has left meanwhile answers no more.
    guard let place = listed.first, place < cards.count, !cards[place].answer.isEmpty else {
      return [0x41, 0x01]
    }
    return part(cards[place].answer)
  }

  /// At most 262 bytes at once; bit 6 of the status says that there is more.
  private mutating func part(_ answer: [UInt8]) -> [UInt8] {
    rest = Array(answer.dropFirst(262))
    return [0x41, rest.isEmpty ? 0x00 : 0x40] + answer.prefix(262)
  }

  /// Bytes to the card as they are. As far as clients need it that do ISO-DEP by themselves: RATS,
  /// I-blocks without chaining, deselection (ISO/IEC 14443-4).
  private mutating func through(_ block: [UInt8]) -> [UInt8] {
    guard let first = block.first, !cards.isEmpty, cards[0].speaksISODEP else { return [0x01] }
    switch first {
    case 0xE0: return [0x00] + cards[0].ats
    case 0xC2: return [0x00, 0xC2]
    case 0x02, 0x03:
      _ = cards[0].take(Array(block.dropFirst()))
      return [0x00, first] + cards[0].answer
    default: return [0x01]
    }
  }
}
