import Octets
import Testing

@testable import Link

@Suite("CPace over ristretto255 with SHA-512")
struct CPaceTests {
  // draft-irtf-cfrg-cpace, appendix B.3 and testvectors.json (`G_Coffee25519`).
  private static let terms = CPace.Terms(
    channel: "oc\u{b}B_responder\u{b}A_initiator", initiator: "ADa", responder: "ADb")
  private static let session = bytes("7e4b4791d6a8ef019b936c79fb7f2c57")
  static let a = "da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08"
  static let b = "d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d"
  private static let shareA = "d40fb265a7abeaee7939d91a585fe59f7053f982c296ec413c624c669308f87a"
  private static let shareB = "08bcf6e9777a9c313a3db6daa510f2d398403319c2341bd506a92e672eb7e307"

  private static func side(_ scalar: String) -> CPace {
    var side = CPace()
    let isMade = side.start(
      code: Array("Password".utf8).span, terms: terms, session: session.span,
      random: Key(bytes(scalar)))
    #expect(isMade)
    return side
  }

  @Test("the draft's generator")
  func generator() {
    var generator = Key()
    CPace.generator(
      of: Array("Password".utf8).span,
      channel: Array("oc\u{b}B_responder\u{b}A_initiator".utf8).span,
      session: Self.session.span, into: &generator)
    #expect(
      hex(generator.array) == "a6fc82c3b8968fbb2e06fee81ca858586dea50d248f0c7ca6a18b0902a30b36b")
  }

  @Test("the draft's shares, and its key for initiator and responder")
  func key() {
    #expect(hex(Self.side(Self.a).share.array) == Self.shareA)
    #expect(hex(Self.side(Self.b).share.array) == Self.shareB)
    var secret = Key()
    let isUsable = ristretto(Key(bytes(Self.a)), Key(bytes(Self.shareB)), into: &secret)
    #expect(isUsable)
    #expect(hex(secret.array) == "e22b1ef7788f661478f3cddd4c600774fc0f41e6b711569190ff88fa0e607e09")
    var key = LongDigest()
    CPace.key(
      of: secret, Key(bytes(Self.shareA)), Key(bytes(Self.shareB)), terms: Self.terms,
      session: Self.session.span, into: &key)
    #expect(
      hex(key.array) == """
        4c5469a16b2364c4b944ebc1a79e51d1674ad47db26e8718154f59faebfaa52d\
        8346f30aa58377117eb20d527f2cbc5c76381f7fd372e89df8239f87f2e02ed1
        """)
  }

  @Test("the draft's multiplication, its point that is none, and the neutral element")
  func points() {
    let scalar = "7cd0e075fa7955ba52c02759a6c90dbbfc10e6d40aea8d283e407d88cf538a05"
    var product = Key()
    let isUsable = ristretto(
      Key(bytes(scalar)),
      Key(bytes("2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c")),
      into: &product)
    #expect(isUsable)
    #expect(
      hex(product.array) == "7c13645fe790a468f62c39beb7388e541d8405d1ade69d1778c5fe3e7f6b600e")
    for none in [
      "2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c",
      String(repeating: "00", count: 32),
    ] {
      let isElement = ristretto(Key(bytes(scalar)), Key(bytes(none)), into: &product)
      #expect(!isElement)
      var side = Self.side(Self.a)
      let isFinished = side.finish(
        isInitiator: true, peer: Key(bytes(none)), terms: Self.terms, session: Self.session.span)
      #expect(!isFinished)
    }
  }

  @Test("HMAC-SHA-512 of RFC 4231, with a key of 64 bytes, and both sides' tags agree")
  func tags() {
    // Test case 1's key of 20 bytes 0b and zeros: HMAC pads with zeros itself (RFC 2104).
    var code = LongDigest()
    hmacSHA512(
      LongDigest([UInt8](repeating: 0x0B, count: 20) + [UInt8](repeating: 0, count: 44)),
      Array("Hi There".utf8).span, into: &code)
    #expect(
      hex(code.array) == """
        87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde\
        daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854
        """)
    var one = Self.side(Self.a)
    var other = Self.side(Self.b)
    let first = Key(one.share.array)
    let second = Key(other.share.array)
    let areFinished =
      one.finish(
        isInitiator: true, peer: second, terms: Self.terms, session: Self.session.span)
      && other.finish(
        isInitiator: false, peer: first, terms: Self.terms, session: Self.session.span)
    #expect(areFinished)
    for (share, name) in [(Self.shareA, "ADa"), (Self.shareB, "ADb")] as [(String, StaticString)] {
      var mine = LongDigest()
      var theirs = LongDigest()
      one.tag(Key(bytes(share)), name, into: &mine)
      other.tag(Key(bytes(share)), name, into: &theirs)
      #expect(mine.array == theirs.array && mine.array.count == 64)
    }
  }
}
