// A cash register on a thread of its own: the Register module over a pseudoterminal, with every
// event kept and stamped.

import Foundation
import Glibc
import Link
import Octets
import Register
import Synchronization

/// What the register was told, and when.
struct Heard {
  /// When the bytes that completed it were read.
  var at: Instant
  var event: RegisterEvent
  /// The sealed record of a `record` or `recordCopy` event.
  var sealed: [UInt8] = []

  func isEnd(of reference: Reference) -> Bool {
    if case .event(let event) = event {
      event.isFinal && event.reference == reference
    } else {
      false
    }
  }
}

final class VirtualRegister: @unchecked Sendable {
  enum Request {
    case pay(PaymentRequest)
    case abort(Reference)
    case status(Reference)
    case report(OutcomeReport)
    case choose(Choice)
    case totals(closing: PeriodName?)
    case diagnosis
  }

  private struct Shared {
    var heard: [Heard] = []
    var requests: [Request] = []
    var isStopping = false
    var counts: RegisterCounts?
  }

  /// Ten bit times at the virtual board's 115,200 bit/s.
  static let byteTime = Interval(nanoseconds: 86_806)
  private let shared = Mutex(Shared())
  private let descriptor: Int32
  private let keys: PairingKeys
  private let byteTime: Interval
  private var thread: Thread?

  /// `baud` is that of the line, with ten bits to a byte.
  init(_ descriptor: Int32, _ keys: PairingKeys, baud: Int) {
    self.descriptor = descriptor
    self.keys = keys
    byteTime = Interval(nanoseconds: 10_000_000_000 / Int64(baud))
    let thread = Thread { [self] in run() }
    thread.stackSize = 1 << 20
    self.thread = thread
    thread.start()
  }

  func stop() { shared.withLock { $0.isStopping = true } }

  /// Whether it has let go of its line, within a few seconds.
  func waitUntilStopped() -> Bool {
    for _ in 0..<5_000 {
      if counts != nil { return true }
      usleep(1_000)
    }
    return false
  }

  func ask(_ request: Request) { shared.withLock { $0.requests.append(request) } }

  var heard: [Heard] { shared.withLock { $0.heard } }
  /// How much was heard: where to `wait` from for what comes next.
  var heardCount: Int { shared.withLock { $0.heard.count } }
  var counts: RegisterCounts? { shared.withLock { $0.counts } }

  /// Waits until an event from number `start` on satisfies `test`; nil when `seconds` pass first.
  func wait(
    from start: Int = 0, within seconds: Double = 10, _ test: (Heard) -> Bool
  ) -> Heard? {
    let deadline = Date().addingTimeInterval(seconds)
    while Date() < deadline {
      if let heard = shared.withLock({ $0.heard.dropFirst(start).first(where: test) }) {
        return heard
      }
      usleep(500)
    }
    return nil
  }

  private func run() {
    raiseOwnPriority(50)
    var session: RegisterSession
    do {
      session = try RegisterSession(
        secret: keys.registerSecret(), controller: keys.controllerPublic(), held: nil,
        byteTime: Self.byteTime, now: monotonicNow())
    } catch { return }
    let now = UInt64(Date().timeIntervalSince1970 * 1_000)
    session.tell(unixMilliseconds: now, now: monotonicNow())
    while !shared.withLock({ $0.isStopping }) {
      takeRequests(&session)
      read(&session)
      _ = session.writeDue(to: descriptor)
    }
    shared.withLock { $0.counts = session.counts }
    session.wipe()
  }

  private func takeRequests(_ session: inout RegisterSession) {
    let requests = shared.withLock { shared in
      defer { shared.requests = [] }
      return shared.requests
    }
    for request in requests {
      switch request {
      case .pay(let payment): session.pay(payment)
      case .abort(let reference): session.abort(reference)
      case .status(let reference): session.queryStatus(reference)
      case .report(let report): session.report(report)
      case .choose(let choice): session.choose(choice)
      case .totals(let name): session.queryTotals(closing: name)
      case .diagnosis: session.queryDiagnosis()
      }
    }
  }

  private func read(_ session: inout RegisterSession) {
    var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&wanted, 1, 1) > 0 else { return }
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = Glibc.read(descriptor, &bytes, bytes.count)
    guard count > 0 else { return }
    let at = monotonicNow()
    var offset = 0
    while let event = session.receive(bytes.span.extracting(0..<count), from: &offset, now: at) {
      var heard = Heard(at: at, event: event)
      switch event {
      case .record(let index):
        heard.sealed = session.sealedBytes
        session.acknowledge(index)
      case .recordCopy: heard.sealed = session.sealedBytes
      default: break
      }
      let complete = heard
      shared.withLock { $0.heard.append(complete) }
    }
  }
}

/// Asks for a real-time priority; without the permission the bench is merely less punctual.
func raiseOwnPriority(_ priority: Int32) {
  var wanted = sched_param(sched_priority: priority)
  _ = pthread_setschedparam(pthread_self(), SCHED_FIFO, &wanted)
}
