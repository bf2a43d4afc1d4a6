// `bench register --script`: a line of JSON for everything that comes.

import Foundation
import Link
import Octets
import Register

struct ScriptView {
  private let start = monotonicNow()

  func show(_ came: Came) {
    switch came.event {
    case .linkUp(let info, let standing):
      print("link", ["standing": standing.words, "epoch": info.epoch])
    case .response(let response):
      var line: [String: Any] = [
        "reference": response.reference.text, "to": "\(response.request)",
        "accepted": response.isAccepted,
      ]
      if !response.isAccepted { line["reason"] = Terms.reason(response.reason) }
      if let payload = came.payload { line["payload"] = payload }
      print("answer", line)
    case .event(let event): print("step", describe(event))
    case .record(let index): print("record", record(came, index))
    case .recordCopy(let index): print("copy", record(came, index))
    case .recall(let index): print("given-back", ["index": index])
    case .forked: print("forked", [:])
    case .status(let status): print("status", describe(status))
    case .totals: print("totals", named(came.message, Terms.totals))
    case .diagnosis: print("diagnosis", named(came.message, Terms.diagnosis))
    case .error(let error):
      print("not-understood", ["message": error.type, "reason": Terms.reason(error.reason)])
    }
  }

  func show(asked request: PaymentRequest) {
    print(
      "asked",
      [
        "reference": request.reference.text, "kind": Terms.kind(request.kind),
        "amount": request.amount, "currency": request.currency, "places": request.exponent,
      ])
  }

  func show(_ mistake: Mistake, line: Int) {
    print("mistake", ["line": line, "text": mistake.description])
  }

  private func describe(_ event: Event) -> [String: Any] {
    var line: [String: Any] = ["step": Terms.step(event.kind), "final": event.isFinal]
    if let reference = event.reference { line["reference"] = reference.text }
    if event.reason != .none { line["reason"] = Terms.reason(event.reason) }
    if let prompt = event.prompt { line["prompt"] = Terms.prompt(prompt) }
    if let outcome = event.outcome { line["outcome"] = Terms.outcome(outcome) }
    if let methods = event.methods { line["methods"] = Terms.methods(methods) }
    if let amount = event.amount { line["amount"] = amount }
    if let uptime = event.uptimeMilliseconds { line["uptime"] = uptime }
    if let time = event.unixMilliseconds { line["time"] = time }
    return line
  }

  private func describe(_ status: TransactionStatus) -> [String: Any] {
    var line: [String: Any] = ["reference": status.reference.text]
    switch status.state {
    case .notFound: line["state"] = "not found"
    case .inProgress: line["state"] = "in progress"
    case .processed(_, let index):
      line["state"] = "processed"
      line["index"] = index
    case .ended(let reason):
      line["state"] = "ended"
      line["reason"] = Terms.reason(reason)
    }
    return line
  }

  private func record(_ came: Came, _ index: UInt64) -> [String: Any] {
    ["index": index, "record": named(came.record, Terms.record)]
  }

  private func named(_ cbor: [UInt8], _ names: [UInt64: String]) -> [String: Any] {
    Item(cbor)?.json(names) as? [String: Any] ?? [:]
  }

  private func print(_ type: String, _ line: [String: Any]) {
    var line = line
    line["type"] = type
    line["at"] = (monotonicNow() - start).nanoseconds / 1_000_000
    guard
      let text = try? JSONSerialization.data(
        withJSONObject: line, options: [.sortedKeys, .withoutEscapingSlashes])
    else { return }
    FileHandle.standardOutput.write(text + Data("\n".utf8))
  }
}

extension Standing {
  /// How the records fit, in words.
  var words: String {
    switch self {
    case .continuous: "continuous"
    case .newOrigin: "new log"
    case .missing(let count): "\(count) records are missing"
    case .forked: "the controller has another log: an alarm"
    case .ahead(let count): "the controller lost \(count) records and gets them back"
    }
  }
}
