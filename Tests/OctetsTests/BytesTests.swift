import Octets
import Testing

@Suite("A fixed byte buffer")
struct BytesTests {
  @Test("takes bytes up to its capacity and none beyond")
  func capacity() throws {
    var bytes = Bytes<3>()
    #expect(bytes.isEmpty && bytes.room == 3)
    try bytes.append(1)
    let more: [UInt8] = [2, 3, 4]
    #expect(throws: Overflow()) { try bytes.append(more.span) }
    #expect(content(bytes) == [1])
    try bytes.append(more.span.extracting(0..<2))
    #expect(throws: Overflow()) { try bytes.append(9) }
    #expect(content(bytes) == [1, 2, 3])
  }

  @Test("appends numbers most significant byte first, whole or not at all")
  func bigEndian() throws {
    var bytes = Bytes<14>()
    try bytes.append(bigEndian: UInt8(0xA1))
    try bytes.append(bigEndian: UInt16(0xB1B2))
    try bytes.append(bigEndian: UInt64(0x0102_0304_0506_0708))
    #expect(throws: Overflow()) { try bytes.append(bigEndian: UInt32(1)) }
    #expect(content(bytes) == octets("A1 B1B2 0102030405060708"))
  }

  @Test("appends a literal whole or not at all")
  func literal() throws {
    var bytes = Bytes<4>()
    #expect(throws: Overflow()) { try bytes.append("track") }
    try bytes.append("card")
    #expect(content(bytes) == Array("card".utf8))
  }

  @Test("drops from the front and from the back")
  func shortening() throws {
    var bytes = Bytes<6>()
    try bytes.append("abcdef")
    bytes.removeFirst(2)
    #expect(content(bytes) == Array("cdef".utf8))
    bytes.truncate(to: 1)
    #expect(content(bytes) == Array("c".utf8))
    bytes.removeAll()
    #expect(bytes.isEmpty && bytes.room == 6)
  }

  @Test("is zero all over after a wipe")
  func wiping() throws {
    var bytes = Bytes<8>()
    try bytes.append("secret")
    bytes.wipe()
    #expect(bytes.count == 0)
    bytes.appendFilling { free in free.count }
    #expect(content(bytes) == [UInt8](repeating: 0, count: 8))
  }

  @Test("lends its content to be changed and its room to be filled")
  func lending() throws {
    var bytes = Bytes<4>()
    try bytes.append("ab")
    bytes.withMutableBytes { content in content[0] = 0x7A }
    bytes.appendFilling { free in
      free[0] = 0x21
      return 1
    }
    #expect(content(bytes) == Array("zb!".utf8))
    #expect(bytes.withBytes { $0.count } == 3)
  }

  @Test(
    "compares alike in constant time and otherwise",
    arguments: [("", "", true), ("ab", "ab", true), ("ab", "ac", false), ("ab", "a", false)])
  func comparing(left: String, right: String, isEqual: Bool) {
    let (left, right) = (Array(left.utf8), Array(right.utf8))
    #expect(left.span.equals(right.span) == isEqual)
    #expect(left.span.equalsInConstantTime(right.span) == isEqual)
  }
}

@Suite("A cursor over outside bytes")
struct ReaderTests {
  @Test("reads forward and never past the end")
  func reading() throws {
    let bytes = octets("01 0203 04050607 08")
    var reader = Reader(bytes.span)
    #expect(reader.peek() == 1)
    #expect(try reader.byte() == 1)
    #expect(try reader.bigEndian(UInt16.self) == 0x0203)
    #expect(try reader.take(4).count == 4)
    #expect(reader.offset == 7 && reader.remaining == 1 && !reader.isAtEnd)
    do {
      _ = try reader.bigEndian(UInt16.self)
      Issue.record("two bytes read from one")
    } catch { #expect(error == Truncated()) }
    do {
      _ = try reader.take(-1)
      Issue.record("a negative count taken")
    } catch { #expect(error == Truncated()) }
    #expect(try reader.byte() == 8)
    #expect(reader.isAtEnd && reader.peek() == nil)
    do {
      _ = try reader.byte()
      Issue.record("a byte read past the end")
    } catch { #expect(error == Truncated()) }
  }
}
