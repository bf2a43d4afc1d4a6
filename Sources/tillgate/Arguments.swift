// The words of the command line, as borrowed bytes.

import Octets

/// What came after the program's name.
struct Arguments {
  private let words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
  let count: Int

  init(_ count: Int32, _ words: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
    self.words = words
    self.count = max(Int(count) - 1, 0)
  }

  /// Calls `body` with word `index` (0 is the first after the program's name); nil when there is
  /// no such word.
  func withWord<R: ~Copyable, E: Error>(
    _ index: Int, _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R? {
    guard index >= 0, index < count, let start = pointer(index) else { return nil }
    var length = 0
    while start[length] != 0 { length += 1 }
    return try start.withMemoryRebound(to: UInt8.self, capacity: length) { (bytes) throws(E) in
      try body(Span(_unsafeElements: UnsafeBufferPointer(start: bytes, count: length)))
    }
  }

  /// Word `index` as the NUL-terminated string that system calls take.
  func pointer(_ index: Int) -> UnsafeMutablePointer<CChar>? {
    guard index >= 0, index < count else { return nil }
    return words?[index + 1]
  }

  func word(_ index: Int, is literal: StaticString) -> Bool {
    withWord(index) { word in withLiteral(literal) { word.equals($0) } } ?? false
  }

  /// The index of the word that follows `option`, as in `--state DIR`.
  func value(of option: StaticString) -> Int? {
    for index in 0..<count where word(index, is: option) && index + 1 < count {
      return index + 1
    }
    return nil
  }
}
