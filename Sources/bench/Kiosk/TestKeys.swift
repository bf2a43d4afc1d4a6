// Keys of the bench: published test keys for DUKPT, fresh ones for the pairing. Never for a shop.

import CSodium
import Foundation
import Link
import Octets
import Simulator

/// An initial key as a key-injection facility would deliver it, with the base key to check records.
struct TestKeySet {
  var name: String
  /// The key-block protection key, hexadecimal.
  var protectionKey: String
  /// A TR-31 block with usage B1 (initial DUKPT key) and the KSN in its KS block.
  var block: String
  /// The acquirer's end, with the base derivation key.
  var host: AcquirerHost

  /// X9.24-1 annex A.4's keys, wrapped by psec 1.3.0.
  static let tdes = TestKeySet(
    name: "TDES",
    protectionKey: "C1A5E0F2D3B4968778695A4B3C2D1E0F",
    block: """
      B0120B1TX00N0100KS18FFFF9876543210E0000036024CFC297DE2D9BD86526704FBCFC9\
      CECF59E501C5C0CB75F1B3F2C49E9036F5455CBA20557EFB
      """,
    host: .test(.tdes))

  /// X9.24-3's AES-128 test keys, wrapped by psec 1.3.0.
  static let aes = TestKeySet(
    name: "AES-128",
    protectionKey: "C1A5E0F2D3B4968778695A4B3C2D1E0F00112233445566778899AABBCCDDEEFF",
    block: """
      D0192B1AX00N0200KS1C123456789012345600000000PB1400000000000000002F463688A3E0BA770E685419\
      C80CBCA4E2F879B9727FDA6353CAE4118448E95E8C75624A85040BA133054ED138F97F195170212F04BF7C5E\
      8FE1070C50C175E9
      """,
    host: .test(.aes128))
}

/// The keys of one pairing, made for one run of the bench.
struct PairingKeys: Sendable {
  private let register: [UInt8]
  /// The controller's public key.
  private let controller: [UInt8]
  let record: [UInt8]

  /// What a pairing ended with; `register` is its secret key.
  init(register: [UInt8], controller: [UInt8], record: [UInt8]) {
    self.register = register
    self.controller = controller
    self.record = record
  }

  /// Fresh keys, and the controller's half as the file that `tillgate keys pair` takes: one
  /// `name = hexadecimal` a line.
  static func withFile() -> (keys: PairingKeys, file: String) {
    let secret = random()
    let keys = PairingKeys(register: random(), controller: point(of: secret), record: random())
    let file = """
      controller-secret = \(hexadecimal(secret))
      register-public = \(hexadecimal(point(of: keys.register)))
      record-key = \(hexadecimal(keys.record))

      """
    return (keys, file)
  }

  static func random() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 32)
    randombytes_buf(&bytes, bytes.count)
    return bytes
  }

  static func point(of secret: [UInt8]) -> [UInt8] {
    var point = [UInt8](repeating: 0, count: 32)
    _ = crypto_scalarmult_base(&point, secret)
    return point
  }

  func registerSecret() -> Key { Key(copying: register) }
  func controllerPublic() -> Key { Key(copying: controller) }
}

extension Bytes {
  /// As many bytes as fit.
  init(copying bytes: [UInt8]) {
    self.init()
    for byte in bytes.prefix(capacity) { try? append(byte) }
  }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { String(format: "%02X", $0) }.joined()
}
