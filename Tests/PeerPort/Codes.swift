// Our side of the peer of wallet codes. A JSON request a line: a scanned code to take apart, or a
// merchant's payload to check or to make out for a payment.

import Foundation
import Octets
import WalletCode

private struct Request: Decodable {
  var code: String?
  var payload: String?
  var amount: UInt64?
  var currency: UInt16?
  var exponent: UInt8?
  var reference: String?
}

private struct Answer: Encodable {
  var wallet: String?
  var rule: String?
  var content: String?
  var accountNumber: String?
  var languages: String?
  var currency: UInt16?
  var amount: String?
  var merchant: String?
  var isForOnePayment: Bool?
  var payload: String?
  var error: String?
}

func answerCodeRequests() throws {
  while let line = readLine() {
    let request = try JSONDecoder().decode(Request.self, from: Data(line.utf8))
    var answer = Answer()
    do {
      if let code = request.code { try identify(Array(code.utf8), &answer) }
      if let payload = request.payload { try judge(Array(payload.utf8), request, &answer) }
    } catch { answer = Answer(error: "\(error)") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    print(String(decoding: try encoder.encode(answer), as: UTF8.self))
  }
}

private func identify(_ code: [UInt8], _ answer: inout Answer) throws(ScannedCodeError) {
  var scanned = ScannedCode()
  try scanned.read(code.span)
  answer.wallet = "\(scanned.match.wallet.name)"
  answer.rule = "\(scanned.match.rule)"
  let consumer = scanned.consumer
  scanned.withContent { content in
    answer.content = Frames.hexText(content)
    answer.accountNumber = (consumer?.accountNumber).map { Frames.hexText(content.extracting($0)) }
    answer.languages = (consumer?.languages).map { Frames.hexText(content.extracting($0)) }
  }
}

private func judge(
  _ text: [UInt8], _ request: Request, _ answer: inout Answer
) throws(MerchantPayloadError) {
  let payload = try MerchantPayload(text.span)
  answer.currency = payload.currency
  answer.isForOnePayment = payload.isForOnePayment
  answer.merchant = String(decoding: text[payload.merchantName], as: UTF8.self)
  answer.amount = payload.amount.map { String(decoding: text[$0], as: UTF8.self) }
  guard let amount = request.amount else { return }
  var made = Bytes<512>()
  try MerchantPayload.make(
    from: text.span, amount: amount, currency: request.currency ?? 0,
    exponent: request.exponent ?? 0, reference: Array((request.reference ?? "").utf8).span,
    into: &made)
  answer.payload = String(decoding: (0..<made.count).map { made[$0] }, as: UTF8.self)
}
