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
  var bytes = MessageBytes()
  switch message {
  case .unknown: return
  case .returnedRecord(let record):
    let sealed = Array(input[record.sealed])
    try! RegisterMessage.encodeReturnedRecord(
      origin: record.origin, index: record.index, sealed: sealed.span, into: &bytes)
    guard case .returnedRecord(let again) = bytes.withBytes({ try! RegisterMessage(decoding: $0) })
    else { preconditionFailure("a returned record is one") }
    precondition(again.origin == record.origin && again.index == record.index)
    precondition(bytes.withBytes { span in again.sealed.map { span[$0] } } == sealed)
  case .code(let request):
    try! request.encode(from: input.span, into: &bytes)
    guard case .code(let again) = bytes.withBytes({ try! RegisterMessage(decoding: $0) })
    else { preconditionFailure("a code request is one") }
    precondition(again.reference == request.reference && again.amount == request.amount)
    let template = bytes.withBytes { span in again.template.map { span[$0] } }
    precondition(template == Array(input[request.template]))
  default:
    try! message.encode(into: &bytes)
    precondition(bytes.withBytes { try! RegisterMessage(decoding: $0) } == message)
  }
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
  case .response(let response) where response.payload != nil:
    let payload = Array(input[response.payload!])
    try! Response.encode(response.reference, payload: payload.span, into: &bytes)
    guard case .response(let again) = bytes.withBytes({ try! ControllerMessage(decoding: $0) })
    else { preconditionFailure("a response is one") }
    precondition(bytes.withBytes { span in again.payload!.map { span[$0] } } == payload)
  case .response, .event, .transactionStatus, .boot, .recall, .totals, .diagnosis, .error:
    try! message.encode(into: &bytes)
    precondition(bytes.withBytes { try! ControllerMessage(decoding: $0) } == message)
  }
}
