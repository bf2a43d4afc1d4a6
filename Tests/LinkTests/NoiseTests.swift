import Octets
import Testing

@testable import Link

/// One vector with empty payloads in the handshake.
struct KKVector: Sendable {
  var prologue: String
  var request: String
  var answer: String
}

@Suite("Noise_KK_25519_ChaChaPoly_SHA256")
struct NoiseTests {
  // flynn/noise 1.0.0, vectors.txt, handshake=Noise_KK_25519_ChaChaPoly_SHA256.
  static let initiatorStatic = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
  static let responderStatic = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
  static let initiatorEphemeral =
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
  static let responderEphemeral =
    "4142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f60"

  static let vectors = [
    KKVector(
      prologue: "",
      request: """
        358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254\
        de3641cda8802b636ee7afe370f7e34e
        """,
      answer: """
        64b101b1d0be5a8704bd078f9895001fc03e8e9f9522f188dd128d9846d48466\
        e4c15cda24dee01c5c60ef6c4d6b92b3
        """),
    KKVector(
      prologue: "6e6f74736563726574",
      request: """
        358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254\
        c2b1750e0c698c0a6112819f9c76fc36
        """,
      answer: """
        64b101b1d0be5a8704bd078f9895001fc03e8e9f9522f188dd128d9846d48466\
        80da3b11f10f1a9b7790d0edd4dffbaf
        """),
  ]

  @Test("published vectors", arguments: vectors)
  func vector(_ vector: KKVector) throws {
    let prologue = bytes(vector.prologue)
    var ours = KeyPair()
    var theirs = KeyPair()
    ours.load(Key(bytes(Self.initiatorStatic)))
    theirs.load(Key(bytes(Self.responderStatic)))
    var e = KeyPair()
    var f = KeyPair()
    e.load(Key(bytes(Self.initiatorEphemeral)))
    f.load(Key(bytes(Self.responderEphemeral)))
    var initiator = Handshake()
    var responder = Handshake()
    initiator.start(prologue: prologue.span, initiator: ours.point, responder: theirs.point)
    responder.start(prologue: prologue.span, initiator: ours.point, responder: theirs.point)

    var request = Bytes<64>()
    var isGood = try initiator.writeRequest(
      own: ours, ephemeral: e, peer: theirs.point, into: &request)
    #expect(isGood)
    #expect(hex(request.array) == vector.request)
    let remote = Key(Array(request.array.prefix(32)))
    var ephemeralShared = Key()
    var staticShared = Key()
    isGood =
      x25519(theirs.secret, remote, into: &ephemeralShared)
      && x25519(theirs.secret, ours.point, into: &staticShared)
    #expect(isGood)
    isGood = responder.readRequest(
      request.array.span, ephemeralShared: ephemeralShared, staticShared: staticShared)
    #expect(isGood)
    var answer = Bytes<64>()
    isGood = try responder.writeAnswer(
      ephemeral: f, remote: remote, peer: ours.point, into: &answer)
    #expect(isGood)
    #expect(hex(answer.array) == vector.answer)
    isGood = initiator.readAnswer(answer.array.span, own: ours, ephemeral: e)
    #expect(isGood)

    var forth = Key()
    var back = Key()
    var forthThere = Key()
    var backThere = Key()
    initiator.split(into: &forth, &back)
    responder.split(into: &forthThere, &backThere)
    #expect(forth.array == forthThere.array)
    #expect(back.array == backThere.array)
    // Transport messages of the same vector: no associated data, counter 0.
    #expect(
      try sealed("79656c6c6f777375626d6172696e65", forth.array)
        == "ab44bf778165ad086eaebbb994df826628b3fe26ad310642480a1b2af8fc23")
    #expect(
      try sealed("7375626d6172696e6579656c6c6f77", back.array)
        == "baacf816b83aaeb15954621113f8e0603cb79168fe6308b87413004beee4d2")
  }

  private func sealed(_ message: String, _ key: [UInt8]) throws -> String {
    var out = Bytes<64>()
    try seal(bytes(message).span, key: Key(key), counter: 0, associated: [UInt8]().span, into: &out)
    return hex(out.array)
  }

  // Points of order 1, 2, 4 and 8 and their aliases (RFC 7748 section 7; Cremers and Jackson,
  // "Prime, Order Please", table 1).
  @Test(
    "a peer's key of low order is refused",
    arguments: [
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ])
  func lowOrder(point: String) {
    #expect(throws: KeyError.lowOrder) {
      _ = try Session(
        role: .register, secret: Key(bytes(Self.initiatorStatic)), peer: Key(bytes(point)),
        now: at(0))
    }
  }

  @Test("a request with a low-order ephemeral key is forged, not answered")
  func lowOrderEphemeral() throws {
    let pair = try Pair()
    let request = [UInt8](arrayLiteral: 2) + [UInt8](repeating: 0, count: 48)
    #expect(pair.controller(hears: request, 0) == .nothing)
    #expect(pair.controllerCounts.forged == 1)
    #expect(pair.controllerSays(0) == [1, 1])
  }

  @Test("keys of another size are refused")
  func size() {
    #expect(throws: KeyError.size) {
      _ = try Session(
        role: .register, secret: Key([1, 2]), peer: Key(bytes(Self.initiatorStatic)), now: at(0))
    }
  }
}
