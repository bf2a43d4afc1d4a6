// A register's session on a descriptor: what every register of the bench does with its line.

import CSodium
import Glibc
import Link
import Octets
import Register

extension RegisterSession {
  /// The sealed record of the event just received.
  var sealedBytes: [UInt8] { withRecord { bytes in bytes.indices.map { bytes[$0] } } }
  /// The message of the event just received.
  var messageBytes: [UInt8] { withMessage { bytes in bytes.indices.map { bytes[$0] } } }

  /// Writes the frame that is due, if one is; false when none was.
  mutating func writeDue(to descriptor: Int32) -> Bool {
    if needsEphemeral {
      var random = Key()
      random.fillRandomly()
      provideEphemeral(&random)
    }
    var frame = WireFrame()
    guard nextOutput(now: monotonicNow(), into: &frame) else { return false }
    frame.write(to: descriptor)
    return true
  }
}

extension Key {
  /// Fills what is free with bytes fit for keys.
  mutating func fillRandomly() {
    appendFilling { room in
      room.withUnsafeMutableBytes { randombytes_buf($0.baseAddress, $0.count) }
      return room.count
    }
  }
}
