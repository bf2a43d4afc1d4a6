// Cards before the simulated board's reader, and the planted bugs that show a card where it must
// not be seen.

import Controller
import Link
import Magstripe
import Octets

extension Surroundings {
  /// Cards are held before the reader, or taken away.
  public mutating func present(_ cards: [VirtualCard]) {
    chip?.cards = cards
    if let card = cards.first, case .payment(let payment) = card.content {
      leak(TestNumbers.digits(payment.scheme))
    }
  }

  /// The reader's cable is pulled, or put back.
  mutating func plugReader(_ isIn: Bool) {
    guard isIn != isReaderPlugged else { return }
    isReaderPlugged = isIn
    readerChange = isIn ? .cameUp : .wentDown
  }

  /// The canaries that show a tapped card.
  private mutating func leak(_ digits: TestNumbers.Digits) {
    switch canary {
    case .tapInLog:
      do throws(DiskError) {
        try disk.create("debug.log")
        try disk.append(digits.span, to: "debug.log")
      } catch {}
    case .tapOnLine:
      var frame = WireFrame()
      do throws(Overflow) { try encodeFrame(digits.span, into: &frame) } catch {}
      frame.withBytes { watchToRegister.hear($0) }
    default: break
    }
  }

  /// The canaries that show the card.
  mutating func leak(_ card: borrowing StripeTracks) {
    switch canary {
    case .cardInLog:
      do throws(DiskError) { try disk.create("debug.log") } catch {}
      card.two.withBytes { track in
        do throws(DiskError) { try disk.append(track, to: "debug.log") } catch {}
      }
    case .cardOnLine:
      var frame = WireFrame()
      card.two.withBytes { track in
        do throws(Overflow) { try encodeFrame(track, into: &frame) } catch {}
      }
      frame.withBytes { watchToRegister.hear($0) }
    default: break
    }
  }
}
