// The registers of a controller's link: which there are, and how another comes to be one.

import Octets

extension ControllerLink {
  /// Talks with the register of this static public key, of `SessionLimits.peers` at most.
  public mutating func pin(_ register: PublicKey) throws(KeyError) {
    try session.pin(register)
  }

  /// Talks with the register no more; its session ends at once.
  public mutating func unpin(_ register: PublicKey) {
    session.unpin(register)
  }

  /// Opens a window for a pairing, in place of one that is open.
  public mutating func openPairing(now: Instant) { pairing.open(now: now) }

  /// Closes the window; the event it ends with, or nil when none was open.
  public mutating func closePairing() -> PairingEvent? { pairing.close() }

  /// The register of `PairingEvent.accepted` is durable: it gets the records' key, and may start a
  /// session.
  public mutating func registerStored(
    _ register: PairedRegister, recordKey: borrowing Key
  ) -> PairingEvent? {
    do throws(KeyError) { try pin(register.key) } catch { return pairing.refuseStoring(.full) }
    return pairing.stored(recordKey: recordKey)
  }

  /// The register of `PairingEvent.accepted` could not be made durable.
  public mutating func registerNotStored(_ why: PairingRefusal) -> PairingEvent? {
    pairing.refuseStoring(why)
  }
}
