// The pairing button on a GPIO chip of the fake kernel: a press is meant, a knock is not.

import FakeKernel
import Octets
import Testing

@testable import LinuxBoard

extension ChipCaptureTests {
  @Suite("A push button")
  struct PushButtonTests {
    /// Milliseconds after the chip was plugged in: edges, and when the button is asked.
    private static func at(_ milliseconds: Int64) -> Instant {
      Instant(nanoseconds: UInt64(1_000_000_000 + milliseconds * 1_000_000))
    }

    private static func edge(_ milliseconds: Int64, rises: Bool) {
      fake_edge(3, at(milliseconds).nanoseconds, rises ? 1 : 0)
    }

    private static func ask(_ button: inout PushButton, _ milliseconds: Int64) -> Bool {
      button.wasPressed(now: at(milliseconds))
    }

    /// A button on line 3, asked every 20 ms until `end`: when it said that it was pressed.
    private static func presses(
      isActiveLow: Bool = true, until end: Int64, _ edges: [(at: Int64, rises: Bool)]
    ) -> [Int64] {
      fake_chip_plug("head")
      defer { fake_chip_unplug() }
      var lines = GPIOLines(chip: device("head"))
      lines.append(LineName(offset: 3), .both, bias: isActiveLow ? .pullUp : .pullDown)
      var button = PushButton(lines, isActiveLow: isActiveLow)
      var rest = edges[...]
      var pressed: [Int64] = []
      for time in stride(from: Int64(0), through: end, by: 20) {
        while let next = rest.first, next.at <= time {
          edge(next.at, rises: next.rises)
          rest = rest.dropFirst()
        }
        if button.wasPressed(now: at(time)) { pressed.append(time) }
      }
      return pressed
    }

    @Test(
      "is pressed when it was down for a second, once for each press", arguments: [true, false])
    func held(isActiveLow: Bool) {
      let down = !isActiveLow
      let said = Self.presses(
        isActiveLow: isActiveLow, until: 9_000,
        [(100, down), (5_000, !down), (6_000, down), (7_500, !down)])
      #expect(said == [1_100, 7_000])
    }

    @Test("is not pressed by a knock, a bounce, or another level at the start")
    func knocks() {
      #expect(Self.presses(until: 4_000, [(100, false), (1_000, true)]) == [])
      #expect(Self.presses(until: 4_000, [(100, true)]) == [])
      // It bounces while it goes down: the second begins at the last bounce.
      let bounces = [0, 3, 6, 9, 12].flatMap { (shift: Int64) -> [(at: Int64, rises: Bool)] in
        [(100 + shift, false), (102 + shift, true)]
      }
      #expect(Self.presses(until: 4_000, bounces + [(140, false)]) == [1_140])
    }

    @Test("is found again when its chip comes back, and is up then")
    func unplugged() {
      fake_chip_plug("head")
      var lines = GPIOLines(chip: device("head"))
      lines.append(LineName(offset: 3), .both, bias: .pullUp)
      var button = PushButton(lines, isActiveLow: true)
      #expect(Self.ask(&button, 0) == false)
      #expect(fake_is_requested(3) == 1)
      #expect(UInt8(truncatingIfNeeded: Int(fake_bias(3))) == UInt8(ascii: "u"))
      Self.edge(100, rises: false)
      #expect(Self.ask(&button, 120) == false)
      fake_chip_unplug()
      var said: [Int64] = []
      for time in stride(from: Int64(140), through: 8_000, by: 20) {
        if time == 2_000 { fake_chip_plug("head") }
        if time == 5_000 { Self.edge(5_000, rises: false) }
        if button.wasPressed(now: Self.at(time)) { said.append(time) }
      }
      #expect(said == [6_000])
      fake_chip_unplug()
    }

    @Test("that a board does not have is never pressed")
    func absent() {
      var button = PushButton(nil, isActiveLow: true)
      #expect(Self.ask(&button, 0) == false)
      #expect(Self.ask(&button, 5_000) == false)
    }
  }
}
