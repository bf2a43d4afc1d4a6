import Octets
import Testing

@Suite("BER-TLV")
struct TLVTests {
  private func objects(_ bytes: [UInt8]) throws(TLVError) -> [(UInt32, [UInt8])] {
    var found: [(UInt32, [UInt8])] = []
    var offset = 0
    while let object = try TLV.next(in: bytes.span, from: &offset) {
      found.append((object.tag, Array(bytes[object.value])))
    }
    return found
  }

  @Test("is read with tags of one to three bytes and all three lengths")
  func forms() throws {
    let long = [UInt8](repeating: 7, count: 200)
    let longest = [UInt8](repeating: 8, count: 300)
    let bytes =
      octets("5A 02 4111 9F26 00 DF8127 01 FF") + octets("90 81 C8") + long + octets("9F46 82 012C")
      + longest
    let found = try objects(bytes)
    #expect(found.map(\.0) == [0x5A, 0x9F26, 0xDF8127, 0x90, 0x9F46])
    #expect(found.map(\.1) == [[0x41, 0x11], [], [0xFF], long, longest])
  }

  @Test("zeros around objects are passed over")
  func padding() throws {
    let found = try objects(octets("00 00 9C 01 00 00 82 02 1980 00"))
    #expect(found.map(\.0) == [0x9C, 0x82])
  }

  @Test("knows what is constructed")
  func constructed() {
    for tag in [0x6F, 0xA5, 0xBF0C, 0x77, 0x70, 0x61] as [UInt32] {
      #expect(TLV.isConstructed(tag))
    }
    for tag in [0x5A, 0x9F26, 0xDF8127, 0x82] as [UInt32] { #expect(!TLV.isConstructed(tag)) }
  }

  @Test(
    "says what is wrong",
    arguments: [
      ("9F", TLVError.truncated), ("5A", .truncated), ("5A 02 41", .truncated),
      ("9F8181 01 00", .longTag), ("5A 80", .longLength), ("5A 83 000001 00", .longLength),
      ("5A 81", .truncated), ("5A 82 01", .truncated), ("5A 82 FFFF 00", .truncated),
    ])
  func mistakes(hex: String, error: TLVError) {
    #expect(throws: error) { _ = try objects(octets(hex)) }
  }

  @Test("is found by its tag at one level only")
  func find() throws {
    let bytes = octets("6F 04 84 02 A000 9C 01 07")
    #expect(try TLV.find(0x9C, in: bytes.span).map { Array(bytes[$0]) } == [7])
    #expect(try TLV.find(0x84, in: bytes.span) == nil)
  }

  @Test("is written as it is read, whole or not at all")
  func writing() throws {
    for (tag, size) in [(0x5A, 3), (0x9F26, 127), (0xDF8127, 128), (0x90, 255), (0x90, 256)] {
      let value = [UInt8](repeating: 9, count: size)
      var bytes = Bytes<300>()
      try bytes.append(tag: UInt32(tag), value: value.span)
      let found = try objects(content(bytes))
      #expect(found.map(\.0) == [UInt32(tag)] && found.map(\.1) == [value])
    }
    var small = Bytes<4>()
    let value: [UInt8] = [1, 2]
    #expect(throws: Overflow()) { try small.append(tag: 0x9F26, value: value.span) }
    #expect(small.count == 0)
    try small.append(tag: 0x5A, value: value.span)
    #expect(content(small) == octets("5A 02 0102"))
  }
}
