// Our side of the peer of the Concert adapter. Its standard input is the line to the till, read and
// written; each request is printed and answered by the next result in the arguments.

import Concert
import Foundation
import Octets

func runConcertPort(_ arguments: [String]) {
  let results: [ConcertResult] = arguments.compactMap { UInt8($0, radix: 10) }
    .compactMap { ConcertResult(rawValue: 0x30 + $0) }
  var terminal = ConcertTerminal()
  for result in results {
    var isAnswered = false
    while !isAnswered {
      isAnswered = exchange(&terminal, result)
    }
  }
}

/// One read and what comes of it. True when the till has its answer.
private func exchange(_ terminal: inout ConcertTerminal, _ result: ConcertResult) -> Bool {
  var buffer = [UInt8](repeating: 0, count: 64)
  let count = read(STDIN_FILENO, &buffer, buffer.count)
  guard count > 0 else { exit(1) }
  var isAnswered = false
  var offset = 0
  let bytes = Array(buffer[..<count])
  while offset < count {
    let now = Instant(nanoseconds: DispatchTime.now().uptimeNanoseconds)
    switch terminal.receive(bytes.span, from: &offset, now: now) {
    case .requested(let request):
      print("\(request.amount) \(request.currency) \(request.kind) \(request.waits)")
      fflush(nil)
      terminal.answer(result, report: Array("411111******1111".utf8).span, now: now)
    case .answered: isAnswered = true
    case .refused(let objection):
      print("\(objection)")
      fflush(nil)
    case .unanswered, nil: break
    }
  }
  let said = terminal.withOutput { span in span.indices.map { span[$0] } }
  if !said.isEmpty { _ = write(STDIN_FILENO, said, said.count) }
  terminal.sent(said.count)
  return isAnswered
}
