// What stands behind a `tillregister *`: the register's session, the key of its records, and copies
// of what came last, to which an event points. One piece of locked memory, made and given back by
// libsodium; nothing else is ever asked for.

import CSodium
import CTillregister
import Link
import Octets
import Register

struct Kit: ~Copyable {
  var session: RegisterSession
  /// Empty when the caller opens records himself.
  var recordKey: Key
  let random:
    (@convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<UInt8>?, Int) -> Int32)?
  let context: UnsafeMutableRawPointer?
  private var latest: Instant

  init(
    session: consuming RegisterSession, recordKey: consuming Key,
    options: borrowing tillregister_options, now: UInt64
  ) {
    self.session = session
    self.recordKey = recordKey
    random = options.random
    context = options.context
    latest = Instant(nanoseconds: now)
  }

  /// The caller's time, which never goes back here.
  mutating func time(_ now: UInt64) -> Instant {
    latest = max(latest, Instant(nanoseconds: now))
    return latest
  }

  /// Gives the session the random bytes it wants; an error when the source fails.
  mutating func provideRandom() throws(Fault) {
    guard session.needsEphemeral else { return }
    var bytes = Key()
    defer { bytes.wipe() }
    var isDrawn = true
    let (random, context) = (random, context)
    bytes.appendFilling { room in
      room.withUnsafeMutableBufferPointer { room in
        if let random {
          isDrawn = random(context, room.baseAddress, 32) == 0
        } else {
          randombytes_buf(room.baseAddress, 32)
        }
      }
      return 32
    }
    guard isDrawn else { throw Fault(TILLREGISTER_NO_RANDOM) }
    session.provideEphemeral(&bytes)
  }

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
  private static var size: Int {
    let step = MemoryLayout<Kit>.alignment
    let all = MemoryLayout<Kit>.stride + messageRoom + recordRoom + peaksRoom
    return (all + step - 1) / step * step
  }

  init(_ handle: OpaquePointer?) throws(Fault) {
    guard let handle else { throw Fault(TILLREGISTER_NULL) }
    kit = UnsafeMutablePointer<Kit>(handle)
  }

  /// libsodium puts the end of what it gives at the end of a page, so a size that is a multiple of
  /// the alignment gives an aligned beginning.
  init(taking new: consuming Kit) throws(Fault) {
    guard let memory = sodium_malloc(Self.size) else { throw Fault(TILLREGISTER_NO_MEMORY) }
    kit = memory.bindMemory(to: Kit.self, capacity: 1)
    kit.initialize(to: new)
  }

  func free() {
    kit.pointee.wipe()
    kit.deinitialize(count: 1)
    sodium_free(kit)
  }

  var opaque: OpaquePointer { OpaquePointer(kit) }

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

/// An error code of the header.
struct Fault: Error {
  let code: Int32

  init(_ code: Int) { self.code = Int32(code) }

  /// A field of a payment, report or choice, by its key.
  static func field(_ key: Int) -> Fault { Fault(TILLREGISTER_FIELD - key) }
}

/// What every exported function returns: `TILLREGISTER_OK` and above, or the error of `body`.
func coded(_ body: () throws(Fault) -> Void) -> Int32 {
  do throws(Fault) {
    try body()
    return Int32(TILLREGISTER_OK)
  } catch { return error.code }
}
