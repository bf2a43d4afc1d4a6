// Which known name a misspelt one was probably meant to be.

import Octets

/// The number of single letters to insert, drop or replace to come from one name to the other
/// (Levenshtein). Nil when either is longer than any known name, so that the table stays small.
func distance(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Int? {
  guard left.count < 24, right.count < 24 else { return nil }
  var row = InlineArray<24, Int>(repeating: 0)
  for column in 0...right.count { row[column] = column }
  for line in left.indices {
    var diagonal = row[0]
    row[0] = line + 1
    for column in right.indices {
      let above = row[column + 1]
      let replaced = diagonal + (left[line] == right[column] ? 0 : 1)
      row[column + 1] = min(replaced, min(above, row[column]) + 1)
      diagonal = above
    }
  }
  return row[right.count]
}

/// The nearest of several names, if any is near enough to be a slip of the finger.
struct Nearest<Name> {
  private(set) var name: Name?
  // Three letters wrong is another word.
  private var best = 3

  mutating func consider(_ candidate: Name, spelt literal: StaticString, as given: Span<UInt8>) {
    let steps = withLiteral(literal) { known in distance(given, known) }
    // A short name keeps at least half of its letters.
    guard let steps, steps < best, 2 * steps <= literal.utf8CodeUnitCount else { return }
    best = steps
    name = candidate
  }
}
