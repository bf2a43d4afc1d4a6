// What a board's profile says of lines, in the terms of the GPIO and capture code.

import Magstripe
import Octets
import Profile

/// The lines of a head, and of the lights and the buzzer.
public enum Wiring {
  /// The numbers by which a stream of edges names the lines of a head (docs/TESTING.md): flux of
  /// tracks 1 to 3, or STROBE of tracks 1 to 3, DATA of tracks 1 to 3 and CARD PRESENT.
  public static func streamTable(_ kind: BoardProfile.Stripe.Kind) -> LineTable {
    var table = LineTable()
    switch kind {
    case .f2f:
      for track in 1...3 as ClosedRange<UInt8> {
        table.append(LineRole(track: track, signal: .flux))
      }
    case .clockData:
      for track in 1...3 as ClosedRange<UInt8> {
        table.append(LineRole(track: track, signal: .strobe))
      }
      for track in 1...3 as ClosedRange<UInt8> {
        table.append(LineRole(track: track, signal: .data))
      }
      table.append(LineRole(track: 0, signal: .cardPresent))
    }
    return table
  }

  /// The head's lines on the board's chip, with their roles in the same order.
  public static func head(_ profile: borrowing BoardProfile) -> (GPIOLines, LineTable)? {
    guard var lines = chip(profile) else { return nil }
    var table = LineTable()
    let stripe = profile.stripe
    let bias = LineBias(stripe.bias)
    for track in 0..<3 {
      let number = UInt8(track + 1)
      if let line = name(stripe.flux[track]) {
        lines.append(line, .both, bias: bias)
        table.append(LineRole(track: number, signal: .flux))
      }
      if let strobe = name(stripe.strobe[track]), let data = name(stripe.data[track]) {
        lines.append(strobe, .falling, bias: bias)
        table.append(LineRole(track: number, signal: .strobe))
        lines.append(data, .both, bias: bias)
        table.append(LineRole(track: number, signal: .data))
      }
    }
    if let present = name(stripe.cardPresent) {
      lines.append(present, .both, bias: bias)
      table.append(LineRole(track: 0, signal: .cardPresent))
    }
    return (lines, table)
  }

  /// The tracks that the head has.
  public static func tracks(_ stripe: BoardProfile.Stripe) -> StripeTrackSet {
    guard stripe.source == .gpio else { return .all }
    let all: [3 of StripeTrack] = [.one, .two, .three]
    var tracks = StripeTrackSet.none
    for index in 0..<3 where stripe.flux[index] != nil || stripe.strobe[index] != nil {
      tracks = tracks.with(all[index])
    }
    return tracks
  }

  /// Takes the lines of lights and buzzer. Without any there is nothing to take.
  public static func lamps(_ profile: borrowing BoardProfile) throws(GPIOError) -> Lamps {
    var places = InlineArray<5, Int?>(repeating: nil)
    let isActiveLow = profile.indicators.isActiveLow
    guard let lines = lampLines(profile, &places), lines.count > 0 else {
      return Lamps(nil, places: places, isActiveLow: isActiveLow)
    }
    return Lamps(try Indicators(lines), places: places, isActiveLow: isActiveLow)
  }

  /// The lines of lights and buzzer, in the order of `Lights`' bits; nil without a chip.
  public static func lampLines(_ profile: borrowing BoardProfile) -> GPIOLines? {
    var places = InlineArray<5, Int?>(repeating: nil)
    return lampLines(profile, &places)
  }

  private static func lampLines(
    _ profile: borrowing BoardProfile, _ places: inout InlineArray<5, Int?>
  ) -> GPIOLines? {
    let lights = profile.indicators
    let wanted: InlineArray<5, GPIOLine?> = [
      lights.ready, lights.reading, lights.ok, lights.error, lights.tone,
    ]
    guard var lines = chip(profile) else { return nil }
    for light in 0..<5 {
      guard let line = name(wanted[light]) else { continue }
      places[light] = lines.count
      lines.append(output: line, isHigh: lights.isActiveLow)
    }
    return lines
  }

  /// The button that opens a window for a pairing.
  public static func pairingButton(_ profile: borrowing BoardProfile) -> PushButton {
    let isActiveLow = profile.isButtonActiveLow
    guard let line = name(profile.button), var lines = chip(profile) else {
      return PushButton(nil, isActiveLow: isActiveLow)
    }
    lines.append(line, .both, bias: isActiveLow ? .pullUp : .pullDown)
    return PushButton(lines, isActiveLow: isActiveLow)
  }

  private static func chip(_ profile: borrowing BoardProfile) -> GPIOLines? {
    guard let name = profile.chip.withBytes({ DeviceName($0) }) else { return nil }
    return GPIOLines(chip: name)
  }

  private static func name(_ line: GPIOLine?) -> LineName? {
    switch line {
    case .offset(let offset): LineName(offset: offset)
    case .named(let text): text.withBytes { LineName(named: $0) }
    case nil: nil
    }
  }
}

extension LineBias {
  init(_ bias: BoardProfile.Stripe.Bias) {
    switch bias {
    case .asIs: self = .asIs
    case .disabled: self = .off
    case .pullUp: self = .pullUp
    case .pullDown: self = .pullDown
    }
  }
}
