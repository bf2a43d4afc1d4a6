// Fuzzes the messages of both directions: what is taken means itself when it is encoded and read
// again.

import Link
import Octets

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  register(input)
  controller(input)
  return 0
}

private func register(_ input: [UInt8]) {
  guard let message = try? RegisterMessage(decoding: input.span) else { return }
  if case .unknown = message { return }
  var bytes = MessageBytes()
  try! message.encode(into: &bytes)
  let again = bytes.withBytes { try! RegisterMessage(decoding: $0) }
  precondition(again == message)
}

private func controller(_ input: [UInt8]) {
  guard let message = try? ControllerMessage(decoding: input.span) else { return }
  var bytes = MessageBytes()
  switch message {
  case .unknown: return
  case .record(let record):
    let sealed = Array(input[record.sealed])
    try! ControllerMessage.encodeRecord(
      origin: record.origin, index: record.index, sealed: sealed.span, into: &bytes)
    guard case .record(let again) = bytes.withBytes({ try! ControllerMessage(decoding: $0) })
    else { preconditionFailure("a record is a record") }
    let sealedAgain = bytes.withBytes { span in again.sealed.map { span[$0] } }
    precondition(again.origin == record.origin && again.index == record.index)
    precondition(sealedAgain == sealed)
  case .response, .event, .transactionStatus, .boot, .recall, .totals, .diagnosis, .error:
    try! message.encode(into: &bytes)
    precondition(bytes.withBytes { try! ControllerMessage(decoding: $0) } == message)
  }
}
