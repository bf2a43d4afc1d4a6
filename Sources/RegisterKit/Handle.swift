// What stands behind a `tillregister *`: the register's session, the key of its records, and copies
// of what came last, to which an event points. One piece of locked memory, made and given back by
// libsodium; nothing else is ever asked for.

import CSodium
import CTillregister
import Link
import Octets
import Register

/// The caller's time, which never goes back here.
struct CallerClock {
  private var latest: Instant

  init(_ now: UInt64) { latest = Instant(nanoseconds: now) }

  mutating func time(_ now: UInt64) -> Instant {
    latest = max(latest, Instant(nanoseconds: now))
    return latest
  }
}

/// Where random bytes come from: the caller's function, or the system.
struct RandomSource {
  typealias Function =
    @convention(c) (
      UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?, Int
    ) -> Int32

  let function: Function?
  let context: UnsafeMutableRawPointer?

  /// 32 bytes; an error when the source fails.
  func draw() throws(Fault) -> Key {
    var bytes = Key()
    var isDrawn = true
    bytes.appendFilling { room in
      room.withUnsafeMutableBufferPointer { room in
        if let function {
          isDrawn = function(context, room.baseAddress, 32) == 0
        } else {
          randombytes_buf(room.baseAddress, 32)
        }
      }
      return 32
    }
    guard isDrawn else {
      bytes.wipe()
      throw Fault(TILLREGISTER_NO_RANDOM)
    }
    return bytes
  }
}

struct Kit: ~Copyable {
  var session: RegisterSession
  /// Empty when the caller opens records himself.
  var recordKey: Key
  var clock: CallerClock
  let source: RandomSource

  mutating func wipe() {
    session.wipe()
    recordKey.wipe()
  }
}

/// One allocation: a `Kit` and, behind it, the message, record and tree that an event points to.
struct Handle {
  let kit: UnsafeMutablePointer<Kit>

  static var messageRoom: Int { 602 }
  static var recordRoom: Int { 560 }
  static var peaksRoom: Int { LinkLimits.peaks * Digest.size }

  init(_ handle: OpaquePointer?) throws(Fault) {
    guard let handle else { throw Fault(TILLREGISTER_NULL) }
    kit = UnsafeMutablePointer<Kit>(handle)
  }

  init(taking new: consuming Kit) throws(Fault) {
    kit = try lockedMemory(for: Kit.self, and: Self.messageRoom + Self.recordRoom + Self.peaksRoom)
    kit.initialize(to: new)
  }

  func free() {
    kit.pointee.wipe()
    kit.deinitialize(count: 1)
    sodium_free(kit)
  }

  private func room(_ offset: Int, _ count: Int) -> UnsafeMutableBufferPointer<UInt8> {
    let start = UnsafeMutableRawPointer(kit) + MemoryLayout<Kit>.stride + offset
    return UnsafeMutableBufferPointer(
      start: start.assumingMemoryBound(to: UInt8.self), count: count)
  }

  /// Where the message of the last event is kept, and its record.
  var message: UnsafeMutableBufferPointer<UInt8> { room(0, Self.messageRoom) }
  var record: UnsafeMutableBufferPointer<UInt8> { room(Self.messageRoom, Self.recordRoom) }
  /// And the tree of a log that was new.
  var peaks: UnsafeMutableBufferPointer<UInt8> {
    room(Self.messageRoom + Self.recordRoom, Self.peaksRoom)
  }
}

/// Memory for one value and `more` bytes behind it. libsodium puts the end of what it gives at the
/// end of a page, so a size that is a multiple of the alignment gives an aligned beginning.
func lockedMemory<Value: ~Copyable>(
  for value: Value.Type, and more: Int
) throws(Fault) -> UnsafeMutablePointer<Value> {
  guard sodium_init() >= 0 else { throw Fault(TILLREGISTER_NO_RANDOM) }
  let step = MemoryLayout<Value>.alignment
  let size = (MemoryLayout<Value>.stride + more + step - 1) / step * step
  guard let memory = sodium_malloc(size) else { throw Fault(TILLREGISTER_NO_MEMORY) }
  return memory.bindMemory(to: Value.self, capacity: 1)
}

/// Copies a frame out.
func copy(
  _ output: borrowing WireFrame, to frame: UnsafeMutablePointer<UInt8>,
  _ count: UnsafeMutablePointer<Int>
) {
  output.withBytes { bytes in
    for index in bytes.indices { frame[index] = bytes[index] }
    count.pointee = bytes.count
  }
}

/// An error code of the header.
struct Fault: Error {
  let code: Int32

  init(_ code: Int) { self.code = Int32(code) }

  /// A field of a payment, report or choice, by its key.
  static func field(_ key: Int) -> Fault { Fault(TILLREGISTER_FIELD - key) }
}

/// What an exported function returns: `TILLREGISTER_OK`, or the error of `body`.
func coded(_ body: () throws(Fault) -> Void) -> Int32 {
  do throws(Fault) {
    try body()
    return Int32(TILLREGISTER_OK)
  } catch { return error.code }
}

/// What a function returns that asks for something: `TILLREGISTER_READY` when there is, as `body`
/// says.
func codedReady(_ body: () throws(Fault) -> Bool) -> Int32 {
  do throws(Fault) {
    return Int32(try body() ? TILLREGISTER_READY : TILLREGISTER_OK)
  } catch { return error.code }
}
