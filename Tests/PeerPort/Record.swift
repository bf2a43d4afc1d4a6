// Our side of the record peer: seals what Python describes and describes what Python sealed. One
// JSON request a line on standard input, one JSON answer a line on standard output.

import Foundation
import Octets
import Vault

/// A record in the terms of docs/PROTOCOL.md; byte strings as hexadecimal text.
private struct Description: Codable {
  var origin: String
  var index: UInt64
  var epoch: UInt32
  var reference: String
  var amount: [UInt64]
  var time: UInt64
  var isClockSet: Bool
  var uptime: UInt64
  var entryMode: UInt8
  var maskedPAN: String?
  var scheme: UInt8?
  var schemeRule: String?
  var schemeOverlap: UInt8?
  var expiry: String?
  var serviceCode: String?
  var token: String?
  var account: UInt8
  /// Backward (0 or 1), the states of tracks 1 to 3 and, when known, the jitter.
  var swipe: [UInt8]?
  var algorithm: UInt32
  var ksn: String
  var ciphertext: String
  var device: String
  var firmware: String
  var application: String?
  var de55: String?
  /// Form factor, verification, objects left out.
  var chip: [UInt8]?
}

private struct Request: Decodable {
  var key: String?
  var kid: String?
  var record: Description?
  var sealed: String?
  var tracks: [String]?
  var objects: String?
}

private struct Answer: Encodable {
  var record: Description?
  var sealed: String?
  var plaintext: String?
  var error: String?
}

func answerRecordRequests() throws {
  while let line = readLine() {
    let request = try JSONDecoder().decode(Request.self, from: Data(line.utf8))
    let answer: Answer
    do { answer = try answering(request) } catch { answer = Answer(error: "\(error)") }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    print(String(decoding: try encoder.encode(answer), as: UTF8.self))
  }
}

private func answering(_ request: Request) throws -> Answer {
  if let tracks = request.tracks {
    return Answer(plaintext: try cardData(tracks))
  }
  if let objects = request.objects {
    var plaintext = Bytes<239>()
    let bytes = try octets(objects)
    try CardData.encode(objects: bytes.span, into: &plaintext)
    return Answer(plaintext: hex(plaintext))
  }
  let secret = try octets(request.key)
  let identifier = try octets(request.kid)
  let key = try RecordKey(secret.span, identifier: identifier.span)
  if let description = request.record {
    var sealed = SealedRecord()
    try record(description).seal(with: key, into: &sealed)
    return Answer(sealed: hex(sealed))
  }
  let sealed = try octets(request.sealed)
  return Answer(record: describe(try Record(opening: sealed.span, with: key)))
}

private func cardData(_ tracks: [String]) throws -> String {
  let (track1, track2, track3) = (
    Array(tracks[0].utf8), Array(tracks[1].utf8), Array(tracks[2].utf8)
  )
  var plaintext = Bytes<239>()
  try CardData.encode(
    track1: track1.span, track2: track2.span, track3: track3.span, into: &plaintext)
  return hex(plaintext)
}

private func record(_ description: Description) throws -> Record {
  var record = Record()
  try fill(&record.origin, hex: description.origin)
  record.index = description.index
  record.epoch = description.epoch
  try fill(&record.reference, text: description.reference)
  record.amount = Record.Amount(
    minorUnits: description.amount[0], currency: UInt16(description.amount[1]),
    exponent: UInt8(description.amount[2]))
  record.unixMilliseconds = description.time
  record.isClockSet = description.isClockSet
  record.uptimeMilliseconds = description.uptime
  record.entryMode = Record.EntryMode(rawValue: description.entryMode)
  try fill(&record.maskedPAN, text: description.maskedPAN)
  record.scheme = description.scheme
  try fill(&record.schemeRule, text: description.schemeRule)
  record.schemeOverlap = description.schemeOverlap
  try fill(&record.expiry, text: description.expiry)
  try fill(&record.serviceCode, text: description.serviceCode)
  try fill(&record.token, hex: description.token)
  record.account = try known(Record.AccountKind(rawValue: description.account))
  record.swipe = try description.swipe.map(swipe)
  record.algorithm = try known(Record.Algorithm(rawValue: description.algorithm))
  try fill(&record.ksn, hex: description.ksn)
  try fill(&record.ciphertext, hex: description.ciphertext)
  try fill(&record.device, hex: description.device)
  try fill(&record.firmware, text: description.firmware)
  try fill(&record.application, hex: description.application)
  try fill(&record.chipData, hex: description.de55)
  if let chip = description.chip {
    record.chip.formFactor = chip[0]
    record.chip.verification = chip[1]
    record.chip.leftOut = chip[2]
  }
  return record
}

private func swipe(_ numbers: [UInt8]) throws -> Record.Swipe {
  Record.Swipe(
    isBackward: numbers[0] == 1,
    track1: try known(Record.TrackState(rawValue: numbers[1])),
    track2: try known(Record.TrackState(rawValue: numbers[2])),
    track3: try known(Record.TrackState(rawValue: numbers[3])),
    jitterPercent: numbers.count > 4 ? numbers[4] : nil)
}

private func describe(_ record: borrowing Record) -> Description {
  Description(
    origin: hex(record.origin), index: record.index, epoch: record.epoch,
    reference: text(record.reference) ?? "",
    amount: [
      record.amount.minorUnits, UInt64(record.amount.currency), UInt64(record.amount.exponent),
    ],
    time: record.unixMilliseconds, isClockSet: record.isClockSet,
    uptime: record.uptimeMilliseconds, entryMode: record.entryMode.rawValue,
    maskedPAN: text(record.maskedPAN), scheme: record.scheme, schemeRule: text(record.schemeRule),
    schemeOverlap: record.schemeOverlap, expiry: text(record.expiry),
    serviceCode: text(record.serviceCode),
    token: record.token.isEmpty ? nil : hex(record.token), account: record.account.rawValue,
    swipe: record.swipe.map { swipe in
      let states = [swipe.track1, swipe.track2, swipe.track3].map(\.rawValue)
      return [swipe.isBackward ? 1 : 0] + states + (swipe.jitterPercent.map { [$0] } ?? [])
    },
    algorithm: record.algorithm.rawValue, ksn: hex(record.ksn),
    ciphertext: hex(record.ciphertext), device: hex(record.device),
    firmware: text(record.firmware) ?? "",
    application: record.chipData.isEmpty ? nil : hex(record.application),
    de55: record.chipData.isEmpty ? nil : hex(record.chipData),
    chip: record.chipData.isEmpty
      ? nil : [record.chip.formFactor, record.chip.verification, record.chip.leftOut])
}

private struct BadRequest: Error {}

private func known<Value>(_ value: Value?) throws -> Value {
  guard let value else { throw BadRequest() }
  return value
}

private func octets(_ hex: String?) throws -> [UInt8] {
  var bytes = Bytes<1024>()
  try Hex.decode(Array(try known(hex).utf8).span, into: &bytes)
  return (0..<bytes.count).map { bytes[$0] }
}

private func fill<let capacity: Int>(_ bytes: inout Bytes<capacity>, hex: String?) throws {
  try Hex.decode(Array((hex ?? "").utf8).span, into: &bytes)
}

private func fill<let capacity: Int>(_ bytes: inout Bytes<capacity>, text: String?) throws {
  try bytes.append(Array((text ?? "").utf8).span)
}

private func hex<let capacity: Int>(_ bytes: borrowing Bytes<capacity>) -> String {
  (0..<bytes.count).map { String(format: "%02x", bytes[$0]) }.joined()
}

private func text<let capacity: Int>(_ bytes: borrowing Bytes<capacity>) -> String? {
  guard !bytes.isEmpty else { return nil }
  return String(decoding: (0..<bytes.count).map { bytes[$0] }, as: UTF8.self)
}
