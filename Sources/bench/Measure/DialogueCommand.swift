// `bench dialogue`: what the people at the till wait for, and what it costs on the wire.

import ArgumentParser
import Foundation
import Link
import Octets
import Register
import Simulator

struct DialogueCommand: MeasureCommand {
  static let configuration = CommandConfiguration(
    commandName: "dialogue",
    abstract: "Waiting times and bytes on the wire.")
  @OptionGroup var options: MeasureOptions

  static func measure(_ options: MeasureOptions, _ findings: inout Findings) throws {
    MessageSizes.show(&findings)
    try waits(options, &findings)
  }

  /// One sale after the other on a line of 115,200 bit/s.
  private static func waits(_ options: MeasureOptions, _ findings: inout Findings) throws {
    let sales = options.quick ? 20 : 200
    findings.section("\(sales) sales by swipe on a paced line of 115200 bit/s")
    var line = LineSettings()
    line.isPaced = true
    let kiosk = try VirtualKiosk(options.command, line: line)
    var waits = Waits()
    try punctually {
      for number in 1...sales { try waits.serve(number, at: kiosk) }
    }
    waits.armed.show("request to armed", &findings)
    waits.captured.show("last edge to captured event, slot of 10 ms included", &findings)
    waits.prompted.show("outcome to customer's prompt", &findings)
    let lean = try bytes(of: "LEAN", at: kiosk) { $0.showsSteps = false }
    let steps = try bytes(of: "STEPS", at: kiosk) { _ in }
    let whole = try bytes(of: "WHOLE", at: kiosk) { $0.outcomeSeconds = 30 }
    _ = kiosk.close()
    findings.require("bytes of a sale by swipe, both ways", Double(lean.both), atMost: 699)
    findings.show("  with every step shown", steps.words)
    findings.show("  and with outcome and closing record", whole.words)
  }

  /// What one sale puts on the wire, from the request to the last acknowledgement.
  private static func bytes(
    of name: String, at kiosk: VirtualKiosk, _ change: (inout PaymentRequest) -> Void
  ) throws -> PacedLine.Traffic {
    guard let line = kiosk.pacing else { throw KioskFailure("the line is not paced") }
    // A swipe that has to be repeated is no measure.
    for attempt in 1...5 {
      usleep(300_000)
      let before = line.traffic
      var request = PaymentRequest.demo("\(name)-\(attempt)", amount: 1250)
      change(&request)
      let start = kiosk.register.heardCount
      try kiosk.arm(request)
      _ = try kiosk.feed.play(TestCard.visa.edges(SwipeConditions(), seed: UInt64(attempt)))
      let heard = kiosk.register.wait(from: start) { $0.endsSwipe }
      let isRead = heard.map { !$0.sealed.isEmpty } ?? false
      if isRead, request.outcomeSeconds != nil {
        kiosk.register.ask(.report(OutcomeReport(.approved, request.reference)))
      } else if !isRead {
        kiosk.register.ask(.abort(request.reference))
      }
      usleep(500_000)
      guard isRead else { continue }
      let after = line.traffic
      return PacedLine.Traffic(
        toRegister: after.toRegister - before.toRegister,
        toController: after.toController - before.toController)
    }
    throw KioskFailure("no swipe was read at once in five")
  }
}

extension PacedLine.Traffic {
  var words: String { "\(both) (\(toRegister) to the register, \(toController) back)" }
}

/// One kind of wait, beside the time that the line alone takes for the bytes sent meanwhile.
private struct Wait {
  private var times = Durations(numberOfSignificantValueDigits: .three)
  private var bytes: [Double] = []

  mutating func record(from start: Instant, to end: Instant, bytes: Int) {
    times.record(UInt64(max((end - start).nanoseconds, 0)))
    self.bytes.append(Double(bytes))
  }

  func show(_ name: String, _ findings: inout Findings) {
    findings.show(name, times.words)
    let wire = median(bytes)
    findings.show(
      "  reference: \(number(wire)) bytes on the line", "\(number(wire * 10 / 115.2)) ms")
  }
}

/// Waiting times of plain sales with an outcome.
private struct Waits {
  var armed = Wait()
  var captured = Wait()
  var prompted = Wait()

  mutating func serve(_ number: Int, at kiosk: VirtualKiosk) throws {
    let reference = Reference("WAIT-\(number)")
    var request = PaymentRequest.demo("WAIT-\(number)", amount: 1250)
    request.outcomeSeconds = 30
    let register = kiosk.register
    guard let line = kiosk.pacing else { throw KioskFailure("the line is not paced") }
    let start = register.heardCount
    var before = line.traffic.both
    let asked = monotonicNow()
    try kiosk.arm(request)
    if let heard = register.wait(from: start, { $0.isEvent(.waitingForCard, reference) }) {
      armed.record(from: asked, to: heard.at, bytes: line.traffic.both - before)
    }
    // Acknowledgements and the reading event are not the wait's.
    usleep(30_000)
    var conditions = SwipeConditions()
    conditions.inchesPerSecond = 40
    for attempt in 0..<5 {
      let from = register.heardCount
      let edges = TestCard.all[number % 3].edges(conditions, seed: UInt64(number * 8 + attempt))
      let lastEdge = try kiosk.feed.play(edges)
      before = line.traffic.both
      let heard = register.wait(from: from, within: 3) {
        $0.isEvent(.captured, reference) || $0.isEvent(.cardNotReadable, reference)
      }
      guard let heard, heard.isEvent(.captured, reference) else { continue }
      captured.record(from: lastEdge, to: heard.at, bytes: line.traffic.both - before)
      usleep(30_000)
      before = line.traffic.both
      let reported = monotonicNow()
      register.ask(.report(OutcomeReport(.approved, reference)))
      let end = register.wait(from: from) { $0.isEvent(.ended, reference) }
      guard let end else { throw KioskFailure("WAIT-\(number) never ended") }
      prompted.record(from: reported, to: end.at, bytes: line.traffic.both - before)
      usleep(30_000)
      return
    }
    throw KioskFailure("WAIT-\(number): no swipe was read; \(kiosk.program.said.suffix(2_000))")
  }
}

extension Heard {
  func isEvent(_ kind: EventKind, _ reference: Reference) -> Bool {
    if case .event(let event) = event {
      event.kind == kind && event.reference == reference
    } else {
      false
    }
  }
}

/// Frames as long as typical messages make them.
private enum MessageSizes {
  static func show(_ findings: inout Findings) {
    findings.section("frames on the wire, in bytes, with a reference of 12 characters")
    let reference = Reference("TILL7-000123")
    var sale = PaymentRequest.demo("TILL7-000123", amount: 12_50)
    let tab = {
      var request = sale
      request.kind = .completion
      request.original = Reference("TILL7-000100")
      request.outcomeSeconds = 30
      request.tip = .hundredthsOfPercent(1_000)
      request.table = Label(Array("12".utf8).span)
      request.check = Label(Array("C-77".utf8).span)
      return request
    }()
    sale.outcomeSeconds = 30
    let messages: [(String, RegisterMessage)] = [
      ("payment, plain", .payment(.demo("TILL7-000123", amount: 1250))),
      ("payment, with outcome", .payment(sale)), ("payment, completion of a tab", .payment(tab)),
      ("abort", .abort(reference)), ("transaction-status", .transactionStatus(reference)),
      ("time", .time(unixMilliseconds: 1_800_000_000_000, takesParity: true)),
      ("outcome-report", .outcome(OutcomeReport(.approved, reference))),
      ("choice", .choice(Choice(reference, tip: 150))), ("totals-request", .totals(.init())),
      ("diagnosis-request", .diagnosis),
    ]
    for (name, message) in messages {
      var bytes = MessageBytes()
      do { try message.encode(into: &bytes) } catch { continue }
      findings.show("  " + name, String(frame(bytes.count)))
    }
    var event = Event(
      .waitingForCard, reference: reference, prompt: .presentCard, methods: .magneticStripe,
      unixMilliseconds: 1_800_000_000_000)
    event.uptimeMilliseconds = 93_784_005
    event.amount = 1250
    let answers: [(String, ControllerMessage)] = [
      ("response", .response(Response(to: .payment, reference, isAccepted: true))),
      ("event", .event(event)),
      ("transaction-status-response", .transactionStatus(.init(reference, .notFound))),
      ("diagnosis, nothing counted", .diagnosis(Diagnosis())),
    ]
    for (name, message) in answers {
      var bytes = MessageBytes()
      do { try message.encode(into: &bytes) } catch { continue }
      findings.show("  " + name, String(frame(bytes.count)))
    }
  }

  /// Header 13, tag 16, CRC 4, COBS one byte and one for each 254 more, two zeros.
  private static func frame(_ message: Int) -> Int {
    let content = message + 13 + 16 + 4
    return content + 1 + (content - 1) / 254 + 2
  }
}
