import Octets
import Testing
import WalletCode

@Suite("A code that was taken")
struct SeenCodesTests {
  private func seen() -> SeenCodes {
    var key = Bytes<32>()
    for byte in 0..<32 { try! key.append(UInt8(byte)) }
    var seen = SeenCodes()
    seen.setKey(&key)
    #expect(key.withBytes { $0.isEmpty })
    return seen
  }

  private let code = Array("134567890123456789".utf8)

  @Test("is refused for ten minutes and not longer")
  func tenMinutes() {
    var seen = seen()
    let first = seen.judge(code.span, now: at(0))
    #expect(first == .fresh)
    seen.remember(code.span, now: at(0))
    for (time, verdict) in [
      (0, SeenCodes.Verdict.repeated), (1, .repeated), (599_999, .repeated), (600_000, .fresh),
    ] {
      let judged = seen.judge(code.span, now: at(Int64(time)))
      #expect(judged == verdict, "after \(time) ms")
    }
  }

  @Test("does not make another one refused")
  func others() {
    var seen = seen()
    seen.remember(code.span, now: at(0))
    for place in code.indices {
      var other = code
      other[place] = other[place] == 0x39 ? 0x30 : other[place] + 1
      let judged = seen.judge(other.span, now: at(1))
      #expect(judged == .fresh)
    }
    let longer = seen.judge((code + [0x30]).span, now: at(1))
    #expect(longer == .fresh)
  }

  @Test("is never forgotten early: the table refuses new ones instead")
  func full() {
    var seen = seen()
    for number in 0..<SeenCodes.capacity {
      seen.remember(Array("\(number)".utf8).span, now: at(Int64(number)))
    }
    let fresh = seen.judge(code.span, now: at(599_999))
    #expect(fresh == .full)
    let old = seen.judge(Array("0".utf8).span, now: at(599_999))
    #expect(old == .repeated)
    // The first is forgotten, which makes room for one.
    let after = seen.judge(code.span, now: at(600_000))
    #expect(after == .fresh)
    seen.remember(code.span, now: at(600_000))
    let next = seen.judge(Array("0".utf8).span, now: at(600_000))
    #expect(next == .full)
    let last = seen.judge(Array("511".utf8).span, now: at(600_000))
    #expect(last == .repeated)
  }
}
