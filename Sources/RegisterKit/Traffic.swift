// Life of a handle, bytes in and out, and what came.
// Names are the header's, against which the compiler holds each function.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CSodium
import CTillregister
import Link
import Octets
import Register

@c @implementation
public func tillregister_create(
  _ options: UnsafePointer<tillregister_options>?, _ now: UInt64,
  _ handle: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  coded { () throws(Fault) in
    guard let handle else { throw Fault(TILLREGISTER_NULL) }
    handle.pointee = nil
    var known = tillregister_options()
    try read(options, atLeast: FirstSize.options, into: &known)
    guard sodium_init() >= 0 else { throw Fault(TILLREGISTER_NO_RANDOM) }
    var secret = try key(known.secret)
    defer { secret.wipe() }
    let kit = Kit(
      session: try makeSession(known, secret: secret, now: Instant(nanoseconds: now)),
      recordKey: known.record_key == nil ? Key() : try key(known.record_key),
      clock: CallerClock(now),
      source: RandomSource(function: known.random, context: known.context))
    handle.pointee = OpaquePointer(try Handle(taking: kit).kit)
  }
}

/// Ten bit times.
func byteTime(_ baud: UInt32) throws(Fault) -> Interval {
  let baud = baud == 0 ? 115_200 : baud
  guard (300...100_000_000).contains(baud) else { throw Fault(TILLREGISTER_BAUD) }
  return Interval(nanoseconds: 10_000_000_000 / Int64(baud))
}

private func makeSession(
  _ options: tillregister_options, secret: borrowing Key, now: Instant
) throws(Fault) -> RegisterSession {
  let controller = try key(options.controller)
  let byteTime = try byteTime(options.baud)
  var held: RecordsHeld?
  if let start = options.origin {
    let name = UnsafeBufferPointer(start: start, count: 16)
    if let origin = Origin(Span(_unsafeElements: name)) {
      let peaks = try bytes(options.peaks, options.peaks_size)
      let tree = MerkleTree(size: options.held, peaks: Span(_unsafeElements: peaks))
      guard let tree else { throw Fault(TILLREGISTER_SIZE) }
      held = RecordsHeld(origin: origin, tree: tree)
    }
  }
  do throws(KeyError) {
    return try RegisterSession(
      secret: secret, controller: controller, held: held,
      byteTime: byteTime, now: now)
  } catch { throw Fault(TILLREGISTER_KEY) }
}

@c @implementation
public func tillregister_free(_ handle: OpaquePointer?) {
  do throws(Fault) { try Handle(handle).free() } catch {}
}

@c @implementation
public func tillregister_send(
  _ handle: OpaquePointer?, _ now: UInt64, _ frame: UnsafeMutablePointer<UInt8>?, _ room: Int,
  _ count: UnsafeMutablePointer<Int>?
) -> Int32 {
  codedReady { () throws(Fault) in
    let kit = try Handle(handle).kit
    let (frame, count) = try frameRoom(frame, room, count)
    if kit.pointee.session.needsEphemeral {
      var random = try kit.pointee.source.draw()
      kit.pointee.session.provideEphemeral(&random)
    }
    var output = WireFrame()
    let time = kit.pointee.clock.time(now)
    guard kit.pointee.session.nextOutput(now: time, into: &output) else { return false }
    copy(output, to: frame, count)
    return true
  }
}

@c @implementation
public func tillregister_deadline(
  _ handle: OpaquePointer?, _ now: UInt64, _ when: UnsafeMutablePointer<UInt64>?
) -> Int32 {
  coded { () throws(Fault) in
    let kit = try Handle(handle).kit
    guard let when else { throw Fault(TILLREGISTER_NULL) }
    let time = kit.pointee.clock.time(now)
    when.pointee = kit.pointee.session.nextDeadline(now: time).nanoseconds
  }
}

@c @implementation
public func tillregister_receive(
  _ handle: OpaquePointer?, _ now: UInt64, _ start: UnsafePointer<UInt8>?, _ count: Int,
  _ taken: UnsafeMutablePointer<Int>?, _ event: UnsafeMutablePointer<tillregister_event>?
) -> Int32 {
  codedReady { () throws(Fault) in
    let handle = try Handle(handle)
    let bytes = try bytes(start, count)
    let taken = try progress(taken, of: count)
    try tryRoom(event, atLeast: FirstSize.event)
    let time = handle.kit.pointee.clock.time(now)
    var offset = taken.pointee
    defer { taken.pointee = offset }
    guard
      let came = handle.kit.pointee.session.receive(
        Span(_unsafeElements: bytes), from: &offset, now: time)
    else { return false }
    var shown = tillregister_event()
    shown.describe(came)
    shown.show(handle)
    try write(&shown, atLeast: FirstSize.event, to: event)
    return true
  }
}

@c @implementation
public func tillregister_acknowledge(_ handle: OpaquePointer?, _ index: UInt64) -> Int32 {
  coded { () throws(Fault) in
    guard try Handle(handle).kit.pointee.session.acknowledge(index) else {
      throw Fault(TILLREGISTER_NOT_SHOWN)
    }
  }
}

@c @implementation
public func tillregister_restore(
  _ handle: OpaquePointer?, _ record: UnsafePointer<UInt8>?, _ size: Int
) -> Int32 {
  coded { () throws(Fault) in
    let handle = try Handle(handle)
    let sealed = try bytes(record, size)
    guard handle.kit.pointee.session.restore(Span(_unsafeElements: sealed)) else {
      throw Fault(TILLREGISTER_SIZE)
    }
  }
}

@c @implementation
public func tillregister_give_back(
  _ handle: OpaquePointer?, _ index: UInt64, _ record: UnsafePointer<UInt8>?, _ size: Int
) -> Int32 {
  coded { () throws(Fault) in
    let handle = try Handle(handle)
    let sealed = try bytes(record, size)
    guard size <= TILLREGISTER_RECORD_SIZE else { throw Fault(TILLREGISTER_SIZE) }
    handle.kit.pointee.session.sendBack(index, sealed: Span(_unsafeElements: sealed))
  }
}

@c @implementation
public func tillregister_get_counts(
  _ handle: OpaquePointer?, _ counts: UnsafeMutablePointer<tillregister_counts>?
) -> Int32 {
  coded { () throws(Fault) in
    let kit = try Handle(handle).kit
    let have = kit.pointee.session.counts
    var known = tillregister_counts()
    known.is_open = kit.pointee.session.isOpen ? 1 : 0
    known.frames = have.frames.good
    known.noise = have.frames.noise
    known.sessions = have.sessions.sessions
    known.forged = have.sessions.forged
    known.replayed = have.sessions.replayed
    known.malformed = have.malformed
    known.duplicates = have.duplicates
    known.early = have.early
    known.repeats = have.repeats
    known.repaired = have.frames.repaired
    try write(&known, atLeast: FirstSize.counts, to: counts)
  }
}
