// A register that is being paired. Names are the header's, against which the compiler holds each
// function.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CSodium
import CTillregister
import Link
import Octets
import Register

private struct PairingKit: ~Copyable {
  var session: PairingSession
  /// What the caller gave, for the keys at the end.
  var secret: Key
  var clock: CallerClock

  static func at(_ handle: OpaquePointer?) throws(Fault) -> UnsafeMutablePointer<PairingKit> {
    guard let handle else { throw Fault(TILLREGISTER_NULL) }
    return UnsafeMutablePointer<PairingKit>(handle)
  }
}

@c @implementation
public func tillregister_pairing_start(
  _ options: UnsafePointer<tillregister_pairing_options>?, _ now: UInt64,
  _ pairing: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
  coded { () throws(Fault) in
    guard let pairing else { throw Fault(TILLREGISTER_NULL) }
    pairing.pointee = nil
    var known = tillregister_pairing_options()
    try read(options, atLeast: FirstSize.pairing, into: &known)
    let place = try lockedMemory(for: PairingKit.self, and: 0)
    do throws(Fault) {
      let kit = try makePairing(known, now: now)
      place.initialize(to: kit)
    } catch {
      sodium_free(place)
      throw error
    }
    pairing.pointee = OpaquePointer(place)
  }
}

private func makePairing(
  _ options: tillregister_pairing_options, now: UInt64
) throws(Fault) -> PairingKit {
  let secret = try key(options.secret)
  var clock = CallerClock(now)
  let time = clock.time(now)
  let name = try registerName(options.name)
  let byteTime = try byteTime(options.baud)
  var seed = try RandomSource(function: options.random, context: options.context).draw()
  defer { seed.wipe() }
  var session: PairingSession
  do throws(KeyError) {
    session = try PairingSession(secret: secret, name: name, byteTime: byteTime, now: time)
  } catch { throw Fault(TILLREGISTER_KEY) }
  session.provideSeed(&seed)
  guard session.start(now: time) else { throw Fault(TILLREGISTER_NO_RANDOM) }
  return PairingKit(session: session, secret: secret, clock: clock)
}

private func registerName(_ start: UnsafePointer<CChar>?) throws(Fault) -> RegisterName {
  guard let start else { return RegisterName() }
  var count = 0
  while count <= RegisterName.capacity, start[count] != 0 { count += 1 }
  let name = start.withMemoryRebound(to: UInt8.self, capacity: count) { start in
    RegisterName(Span(_unsafeElements: UnsafeBufferPointer(start: start, count: count)))
  }
  guard let name else { throw Fault(TILLREGISTER_TEXT) }
  return name
}

@c @implementation
public func tillregister_pairing_free(_ pairing: OpaquePointer?) {
  do throws(Fault) {
    let place = try PairingKit.at(pairing)
    place.pointee.session.wipe()
    place.pointee.secret.wipe()
    place.deinitialize(count: 1)
    sodium_free(place)
  } catch {}
}

@c @implementation
public func tillregister_pairing_send(
  _ pairing: OpaquePointer?, _ now: UInt64, _ frame: UnsafeMutablePointer<UInt8>?, _ room: Int,
  _ count: UnsafeMutablePointer<Int>?
) -> Int32 {
  codedReady { () throws(Fault) in
    let place = try PairingKit.at(pairing)
    let (frame, count) = try frameRoom(frame, room, count)
    var output = WireFrame()
    let time = place.pointee.clock.time(now)
    guard place.pointee.session.nextOutput(now: time, into: &output) else { return false }
    copy(output, to: frame, count)
    return true
  }
}

@c @implementation
public func tillregister_pairing_deadline(
  _ pairing: OpaquePointer?, _ now: UInt64, _ when: UnsafeMutablePointer<UInt64>?
) -> Int32 {
  coded { () throws(Fault) in
    let place = try PairingKit.at(pairing)
    guard let when else { throw Fault(TILLREGISTER_NULL) }
    let time = place.pointee.clock.time(now)
    when.pointee = place.pointee.session.nextDeadline(now: time).nanoseconds
  }
}

@c @implementation
public func tillregister_pairing_receive(
  _ pairing: OpaquePointer?, _ now: UInt64, _ start: UnsafePointer<UInt8>?, _ count: Int,
  _ taken: UnsafeMutablePointer<Int>?, _ event: UnsafeMutablePointer<tillregister_pairing_event>?
) -> Int32 {
  codedReady { () throws(Fault) in
    let place = try PairingKit.at(pairing)
    let bytes = try bytes(start, count)
    let taken = try progress(taken, of: count)
    try tryRoom(event, atLeast: FirstSize.pairingEvent)
    let time = place.pointee.clock.time(now)
    var offset = taken.pointee
    defer { taken.pointee = offset }
    let came = place.pointee.session.receive(
      Span(_unsafeElements: bytes), from: &offset, now: time)
    guard let came else { return false }
    var shown = tillregister_pairing_event(came)
    try write(&shown, atLeast: FirstSize.pairingEvent, to: event)
    return true
  }
}

extension tillregister_pairing_event {
  fileprivate init(_ event: RegisterPairingEvent) {
    self.init()
    switch event {
    case .typeCode: type = UInt8(TILLREGISTER_TYPE_CODE)
    case .paired: type = UInt8(TILLREGISTER_PAIRED)
    case .failed(.noAnswer): type = UInt8(TILLREGISTER_NO_ANSWER)
    case .failed(.codeExpired): type = UInt8(TILLREGISTER_CODE_EXPIRED)
    case .failed(.refused(let why)):
      type = UInt8(TILLREGISTER_REFUSED)
      refusal = why.rawValue
    case .failed(.notTheController): type = UInt8(TILLREGISTER_IMPOSTOR)
    }
  }
}

@c @implementation
public func tillregister_pairing_type(
  _ pairing: OpaquePointer?, _ now: UInt64, _ code: UInt32
) -> Int32 {
  coded { () throws(Fault) in
    let place = try PairingKit.at(pairing)
    let time = place.pointee.clock.time(now)
    guard place.pointee.session.type(code, now: time) else { throw Fault(TILLREGISTER_NOT_NOW) }
  }
}

@c @implementation
public func tillregister_pairing_cancel(_ pairing: OpaquePointer?) -> Int32 {
  coded { () throws(Fault) in try PairingKit.at(pairing).pointee.session.cancel() }
}

@c @implementation
public func tillregister_pairing_keys(
  _ pairing: OpaquePointer?, _ keys: UnsafeMutablePointer<tillregister_keys>?
) -> Int32 {
  coded { () throws(Fault) in
    let place = try PairingKit.at(pairing)
    guard let keys else { throw Fault(TILLREGISTER_NULL) }
    let isThere: Bool? = withUnsafeMutableBytes(of: &keys.pointee) { room in
      place.pointee.session.withResult { controller, recordKey in
        for index in 0..<32 {
          room[index] = place.pointee.secret[index]
          room[32 + index] = controller[index]
          room[64 + index] = recordKey[index]
        }
        return true
      }
    }
    guard isThere == true else { throw Fault(TILLREGISTER_NOT_NOW) }
  }
}
