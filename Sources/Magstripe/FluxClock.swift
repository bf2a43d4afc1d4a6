// The bit clock of an F2F track: where the next reversal should be, learnt from the ones before.

/// A tracking filter of third order over half bits (position, speed, acceleration): a hand that
/// accelerates steadily leaves no lag. Times are `Double`s in any unit.
struct FluxClock: BitwiseCopyable {
  /// How much of an error goes into the position, the half bit and its drift.
  struct Gains: BitwiseCopyable {
    var position: Double
    var half: Double
    var drift: Double
  }

  /// How long the clock remembers. The gains are those of a critically damped filter with memory
  /// factor m: 1 - m³, 1.5 (1 - m)² (1 + m) and (1 - m)³.
  enum Memory: UInt8, BitwiseCopyable {
    /// m = 0.93, some 20 reversals: averages out the most jitter.
    case long
    /// m = 0.82, some 7 reversals: follows a hand that jerks, at less jitter.
    case short
    /// Whether a mean squared error, in bits, is small enough to believe what was read. Reversals
    /// evenly spread over ± 15 % have 0.0075, the clock adds a seventh to it, and on a short track
    /// chance a fifth. A clock that follows fast is pulled along by jitter, and sees less of it.
    func believes(_ error: Double) -> Bool {
      switch self {
      case .long: error < 0.0112
      case .short: error < 0.0049
      }
    }

    /// Whether the error is so small that even a near rival can be told apart.
    func isSure(_ error: Double) -> Bool {
      switch self {
      case .long: error < 0.0092
      case .short: error < 0.0025
      }
    }

    /// After so many reversals the gains stay the same.
    static var learning: Int { 24 }

    private var settled: Gains {
      switch self {
      case .long: Gains(position: 0.1956, half: 0.01418, drift: 0.000343)
      case .short: Gains(position: 0.4486, half: 0.0885, drift: 0.00583)
      }
    }

    /// The gains after `count` reversals: at first those of a least-squares line through all.
    func gains(after count: Int) -> Gains {
      var gains = settled
      guard count < Self.learning else { return gains }
      let n = Double(count)
      let product = (n + 1) * (n + 2)
      let line = 2 * (2 * n + 1) / product
      if line > gains.position {
        gains.position = line
        gains.drift = 0
      }
      gains.half = max(gains.half, 6 / product)
      return gains
    }
  }

  /// When the last reversal was, free of most of its jitter.
  var last: Double
  /// Half a bit now.
  var half: Double
  /// How much longer half a bit gets with each half bit.
  var drift = 0.0

  /// The same clock for time that runs backwards and is counted negatively.
  var reversed: FluxClock { FluxClock(last: -last, half: half, drift: -drift) }

  /// By how much a reversal at `time` is late if it is `steps` half bits after the last one.
  func lateness(of time: Double, after steps: Double) -> Double {
    time - last - steps * (half + 0.5 * steps * drift)
  }

  /// Turns times into bits.
  var bitsPerUnit: Double { 0.5 / half }

  /// The clock after a reversal that is `late` after `steps` half bits (1 or 2).
  func advanced(_ steps: Double, late: Double, _ gains: Gains) -> FluxClock {
    let perStep = 1.5 - 0.5 * steps
    var next = self
    next.last += steps * (half + 0.5 * steps * drift) + gains.position * late
    next.half += steps * drift + gains.half * late * perStep
    next.drift += gains.drift * late * perStep * perStep
    return next
  }
}
