// Looking into records and messages, and the files of keys.
// Names are the header's, against which the compiler holds each function.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CSodium
import CTillregister
import Link
import Octets
import Register
import Vault

@c @implementation
public func tillregister_open_record(
  _ handle: OpaquePointer?, _ sealed: UnsafePointer<UInt8>?, _ sealedSize: Int,
  _ record: UnsafeMutablePointer<UInt8>?, _ room: Int, _ count: UnsafeMutablePointer<Int>?
) -> Int32 {
  coded { () throws(Fault) in
    let kit = try Handle(handle).kit
    guard let record, let count else { throw Fault(TILLREGISTER_NULL) }
    count.pointee = 0
    let sealed = try bytes(sealed, sealedSize)
    guard kit.pointee.recordKey.count == 32 else { throw Fault(TILLREGISTER_NO_RECORD_KEY) }
    var opened = SealedRecord()
    do throws(SealError) {
      var key = try kit.pointee.recordKey.withBytes { (key) throws(SealError) in
        try RecordKey(key)
      }
      defer { key.wipe() }
      try openAnyRecord(Span(_unsafeElements: sealed), with: key, into: &opened)
    } catch { throw Fault(error) }
    guard room >= opened.count else { throw Fault(TILLREGISTER_ROOM) }
    for index in 0..<opened.count { record[index] = opened[index] }
    count.pointee = opened.count
  }
}

extension Fault {
  fileprivate init(_ error: SealError) {
    switch error {
    case .keySize: self.init(TILLREGISTER_KEY)
    case .notCOSE, .unsupportedHeader: self.init(TILLREGISTER_NOT_SEALED)
    case .unknownKey: self.init(TILLREGISTER_OTHER_KEY)
    case .forged, .foreignNonce: self.init(TILLREGISTER_FORGED)
    case .record: self.init(TILLREGISTER_RECORD)
    }
  }
}

@c @implementation
public func tillregister_find(
  _ cbor: UnsafePointer<UInt8>?, _ size: Int, _ path: UnsafePointer<UInt32>?, _ steps: Int,
  _ value: UnsafeMutablePointer<tillregister_value>?
) -> Int32 {
  coded { () throws(Fault) in
    let cbor = try bytes(cbor, size)
    guard steps >= 0 else { throw Fault(TILLREGISTER_SIZE) }
    guard path != nil || steps == 0 else { throw Fault(TILLREGISTER_NULL) }
    try tryRoom(value, atLeast: FirstSize.value)
    var found = tillregister_value()
    do throws(CBORError) {
      var check = CBORReader(Span(_unsafeElements: cbor))
      try check.skip(depth: deepest)
      try check.end()
      var reader = CBORReader(Span(_unsafeElements: cbor))
      for step in 0..<steps {
        guard try reader.enter(UInt64(path![step]), of: cbor) else {
          throw CBORError.unexpectedType
        }
      }
      try found.take(&reader, of: cbor)
    } catch {
      throw Fault(error == .unexpectedType ? TILLREGISTER_ABSENT : TILLREGISTER_CBOR)
    }
    try write(&found, atLeast: FirstSize.value, to: value)
  }
}

/// Deeper than any record or message.
private let deepest = 16

extension CBORReader {
  /// Goes to the value of a map's key, or the element of an array; false when there is none.
  fileprivate mutating func enter(
    _ step: UInt64, of cbor: UnsafeBufferPointer<UInt8>
  ) throws(CBORError) -> Bool {
    switch cbor[offset] >> 5 {
    case 4:
      guard step < UInt64(try array(atMost: .max)) else { return false }
      for _ in 0..<step { try skip(depth: deepest) }
      return true
    case 5:
      for _ in 0..<(try map(atMost: .max)) {
        if cbor[offset] >> 5 == 0 {
          if try unsigned() == step { return true }
        } else {
          try skip(depth: deepest)
        }
        try skip(depth: deepest)
      }
      return false
    default: return false
    }
  }
}

extension tillregister_value {
  fileprivate mutating func take(
    _ reader: inout CBORReader, of cbor: UnsafeBufferPointer<UInt8>
  ) throws(CBORError) {
    type = cbor[reader.offset] >> 5
    switch Int(type) {
    case TILLREGISTER_UNSIGNED: number = try reader.unsigned()
    case TILLREGISTER_NEGATIVE: number = UInt64(-1 - (try reader.integer()))
    case TILLREGISTER_BYTES: show(try reader.bytes(atMost: .max).count, reader.offset, of: cbor)
    case TILLREGISTER_UTF8: show(try reader.text(atMost: .max).count, reader.offset, of: cbor)
    case TILLREGISTER_ARRAY: count = try reader.array(atMost: .max)
    case TILLREGISTER_MAP: count = try reader.map(atMost: .max)
    case TILLREGISTER_BOOL: number = try reader.bool() ? 1 : 0
    default: throw .unexpectedType
    }
  }

  private mutating func show(_ count: Int, _ end: Int, of cbor: UnsafeBufferPointer<UInt8>) {
    self.count = count
    bytes = cbor.baseAddress.map { $0 + (end - count) }
  }
}

@c @implementation
public func tillregister_read_keys(
  _ text: UnsafePointer<CChar>?, _ count: Int, _ keys: UnsafeMutablePointer<tillregister_keys>?,
  _ line: UnsafeMutablePointer<UInt32>?
) -> Int32 {
  coded { () throws(Fault) in
    guard let text, let keys, let line else { throw Fault(TILLREGISTER_NULL) }
    guard count >= 0 else { throw Fault(TILLREGISTER_SIZE) }
    var read = KeyLines(["register-secret", "controller-public", "record-key"])
    defer { read.wipe() }
    let wrong = text.withMemoryRebound(to: UInt8.self, capacity: count) { start in
      read.read(Span(_unsafeElements: UnsafeBufferPointer(start: start, count: count)))
    }
    line.pointee = UInt32(truncatingIfNeeded: wrong ?? 0)
    guard wrong == nil else { throw Fault(TILLREGISTER_KEY_FILE) }
    withUnsafeMutableBytes(of: &keys.pointee) { room in
      for which in 0..<3 {
        read.withKey(which) { key in
          for index in 0..<32 { room[32 * which + index] = key[index] }
        }
      }
    }
  }
}

@c @implementation
public func tillregister_public_key(
  _ secret: UnsafePointer<UInt8>?, _ point: UnsafeMutablePointer<UInt8>?
) -> Int32 {
  coded { () throws(Fault) in
    guard let secret, let point else { throw Fault(TILLREGISTER_NULL) }
    guard crypto_scalarmult_base(point, secret) == 0 else { throw Fault(TILLREGISTER_KEY) }
  }
}

@c @implementation
public func tillregister_wipe(_ bytes: UnsafeMutableRawPointer?, _ count: Int) {
  if let bytes, count > 0 { sodium_memzero(bytes, count) }
}
