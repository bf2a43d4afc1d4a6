// What the customer hears. A line of the board switches a buzzer with a pitch of its own: of EMV's
// two tones (contactless Book A, user interface, audio) it has the rhythm, which tells them apart.

import Octets

/// The tone that sounds now, if any.
struct Tone: Sendable {
  enum Kind: Sendable {
    /// The card was read: once, half a second (EMV: 1500 Hz).
    case success
    /// It was not: twice a fifth of a second, as long apart (EMV: 750 Hz).
    case alert
  }

  private static let whole = Interval.milliseconds(500)
  private static let part = Interval.milliseconds(200)

  private var begun: (kind: Kind, at: Instant)?

  /// Takes the place of a tone that still sounds.
  mutating func begin(_ kind: Kind, now: Instant) { begun = (kind, now) }

  /// Whether the buzzer is on.
  mutating func sounds(at now: Instant) -> Bool {
    guard let begun else { return false }
    let since = now - begun.at
    switch begun.kind {
    case .success:
      if since < Self.whole { return true }
    case .alert:
      if since < Self.part { return true }
      if since < Self.part + Self.part { return false }
      if since < Self.part + Self.part + Self.part { return true }
    }
    self.begun = nil
    return false
  }
}
