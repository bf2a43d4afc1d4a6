// Fuzzes the dialogue with a card that says anything: the input is its answers, each behind its
// length. Whatever it says, the dialogue ends, and DE55 holds nothing that must stay secret.

import Contactless
import Octets

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  var input = Array(UnsafeBufferPointer(start: data, count: size))[...]
  let request = TapRequest(
    amount: UInt64(input.popFirst() ?? 0) * 100, currency: 978, exponent: 2, date: 261_125,
    time: 0, sequence: 1)
  var session = CardSession()
  var step = session.begin(request, at: TapTerminal(), unpredictable: 1)
  var commands = 0
  while step == .send {
    commands += 1
    precondition(commands < 64, "every dialogue ends")
    precondition(session.command.count >= 5)
    let length = Int(input.popFirst() ?? 0)
    let answer = Array(input.prefix(length))
    input = input.dropFirst(length)
    step = session.answer(answer.span)
  }
  if step == .read { checkRead(&session) }
  return 0
}

private func checkRead(_ session: inout CardSession) {
  var element = Bytes<255>()
  _ = session.dataElement55(into: &element)
  element.withBytes { bytes in
    var offset = 0
    do {
      while let object = try TLV.next(in: bytes, from: &offset) {
        precondition(!TagList.isSecret(object.tag))
      }
    } catch { preconditionFailure("DE55 is BER-TLV") }
  }
  var digits = Bytes<19>()
  session.number(into: &digits)
  precondition(digits.count >= 8)
  var secrets = Bytes<220>()
  session.secrets(into: &secrets)
  precondition(secrets.count > 0)
  _ = (session.formFactor, session.verification)
  session.wipe()
}
