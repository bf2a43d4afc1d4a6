// Where a payment card's fields are.

import Magstripe
import Octets
import Testing

private struct Fields: Equatable {
  var account: String
  var name: String?
  var expiry: String?
  var service: String?
  var rest: String
}

private func fields(_ track: StripeTrack, _ string: String) -> Fields? {
  let text = trackText(string)
  guard let fields = CardFields(track, text) else { return nil }
  func part(_ range: Range<Int>) -> String {
    String(decoding: Array(string.utf8)[range], as: UTF8.self)
  }
  return Fields(
    account: part(fields.accountNumber), name: fields.name.map(part),
    expiry: fields.expiry.map(part), service: fields.serviceCode.map(part),
    rest: part(fields.discretionary))
}

@Suite("Card fields")
struct CardFieldsTests {
  @Test("Track 1, format B")
  func one() {
    #expect(
      fields(.one, track1)
        == Fields(
          account: "4111111111111111", name: "CARDHOLDER/TEST", expiry: "3012", service: "101",
          rest: "0000000000000"))
    #expect(
      fields(.one, "%B4111111111111111^A/B^^^X?")
        == Fields(account: "4111111111111111", name: "A/B", expiry: nil, service: nil, rest: "X"))
  }

  @Test("Track 2")
  func two() {
    #expect(
      fields(.two, track2)
        == Fields(
          account: "4111111111111111", name: nil, expiry: "3012", service: "101",
          rest: "0000000000"))
    #expect(
      fields(.two, ";6799990100000000019==201?")
        == Fields(
          account: "6799990100000000019", name: nil, expiry: nil, service: "201", rest: ""))
  }

  @Test("Track 3")
  func three() {
    #expect(
      fields(.three, track3)
        == Fields(
          account: "4111111111111111", name: nil, expiry: nil, service: nil,
          rest: "=280280000000"))
  }

  @Test(
    "Other layouts are no payment cards",
    arguments: [
      (2, ";0004048712?"), (2, ";0100231132?"), (2, ";=3012101?"), (2, ";4111111=3012101?"),
      (2, ";41111111111111111111=3012101?"), (2, ";4111111111111111=30?"),
      (2, ";4111111111111111=301210?"), (2, ";4111111111111111=3012101"), (2, ""), (2, ";"),
      (2, "?"), (2, ";?"), (1, "%A4111111111111111^A/B^3012101?"), (1, "%B4111111111111111^A?"),
      (1, "%B4111111111111111^A^3012101?"), (1, "%B4111111111111111?"), (1, "%B?"),
      (3, ";0?"), (3, ";014111111111111111?"),
    ] as [(UInt8, String)])
  func otherLayouts(track: UInt8, text: String) throws {
    #expect(fields(try #require(StripeTrack(rawValue: track)), text) == nil)
  }
}
