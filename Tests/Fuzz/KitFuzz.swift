// The C interface of the register kit: any calls in any order with any arguments give a code. The
// input is a script: a byte chooses the call, what follows are its arguments.

import CTillregister
import RegisterKit

private struct Script {
  private var bytes: UnsafeBufferPointer<UInt8>
  private var offset = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  var isAtEnd: Bool { offset >= bytes.count }

  mutating func byte() -> UInt8 {
    guard !isAtEnd else { return 0 }
    defer { offset += 1 }
    return bytes[offset]
  }

  mutating func number() -> UInt64 {
    (0..<8).reduce(0) { number, _ in number << 8 | UInt64(byte()) }
  }

  /// Bytes of a stated number, as many as there are.
  mutating func chunk() -> [UInt8] {
    let count = min(Int(byte()) << 2, bytes.count - offset)
    defer { offset += count }
    return [UInt8](bytes[offset..<(offset + count)])
  }

  /// A text, sometimes without one: null.
  mutating func withText(_ body: (UnsafePointer<CChar>?) -> Void) {
    let text = chunk()
    if text.isEmpty { return body(nil) }
    (text + [0]).map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { body($0.baseAddress) }
  }
}

private let one: [UInt8] = [UInt8](repeating: 1, count: 32)
private let nine: [UInt8] = [9] + [UInt8](repeating: 0, count: 31)

/// Called in place of the kernel: the same input does the same.
private func fixed(
  _ context: UnsafeMutableRawPointer?, _ bytes: UnsafeMutablePointer<UInt8>?, _ count: Int
) -> Int32 {
  for index in 0..<count { bytes?[index] = UInt8(truncatingIfNeeded: index &+ 5) }
  return 0
}

private func create(_ script: inout Script) -> OpaquePointer? {
  var options = tillregister_options()
  options.size = MemoryLayout<tillregister_options>.size + Int(script.byte() & 1)
  options.random = fixed
  options.held = script.number() & 3
  options.baud = UInt32(truncatingIfNeeded: script.number())
  var handle: OpaquePointer?
  one.withUnsafeBufferPointer { secret in
    nine.withUnsafeBufferPointer { controller in
      options.secret = secret.baseAddress
      options.controller = controller.baseAddress
      options.record_key = secret.baseAddress
      options.peaks = secret.baseAddress
      options.peaks_size = options.held.nonzeroBitCount == 1 ? 32 : 0
      if script.byte() & 1 == 1 { options.origin = secret.baseAddress }
      let peaks = [UInt8](repeating: 7, count: 32 * Int(script.byte() % 16))
      peaks.withUnsafeBufferPointer { peaks in
        options.peaks = peaks.baseAddress
        options.peaks_size = peaks.count
        _ = tillregister_create(&options, script.number(), &handle)
      }
    }
  }
  return handle
}

private func receive(_ handle: OpaquePointer?, _ script: inout Script) {
  let bytes = script.chunk()
  let now = script.number()
  let step = Int(script.byte()) + 1
  var event = tillregister_event()
  event.size = MemoryLayout<tillregister_event>.size
  bytes.withUnsafeBufferPointer { bytes in
    var start = 0
    while start < bytes.count {
      let count = min(step, bytes.count - start)
      var taken = 0
      while tillregister_receive(handle, now, bytes.baseAddress! + start, count, &taken, &event)
        == TILLREGISTER_READY
      {}
      precondition(handle == nil || taken == count, "all bytes are taken")
      start += count
    }
  }
}

private func pay(_ handle: OpaquePointer?, _ script: inout Script) {
  var payment = tillregister_payment()
  payment.size = MemoryLayout<tillregister_payment>.size
  payment.amount = script.number()
  payment.currency = UInt16(truncatingIfNeeded: script.number())
  payment.exponent = script.byte()
  payment.kind = script.byte()
  payment.seconds = UInt16(truncatingIfNeeded: script.number())
  payment.methods = UInt16(script.byte())
  payment.outcome_seconds = UInt16(script.byte())
  payment.chip_policy = script.byte()
  payment.limited = script.byte()
  payment.limits = (script.number(), script.number(), script.number())
  payment.tip_kind = script.byte()
  payment.tip = script.number()
  payment.part = script.byte()
  payment.parts = script.byte()
  var copy = script
  copy.withText { reference in
    payment.reference = reference
    script.withText { original in
      payment.original = original
      payment.table = reference
      payment.check = original
      _ = tillregister_pay(handle, &payment)
    }
  }
}

private func find(_ script: inout Script) {
  let path = script.chunk().map { UInt32($0 & 0x1F) }
  let cbor = script.chunk()
  var value = tillregister_value()
  value.size = MemoryLayout<tillregister_value>.size
  cbor.withUnsafeBufferPointer { cbor in
    let code = tillregister_find(cbor.baseAddress, cbor.count, path, path.count, &value)
    guard code == TILLREGISTER_OK, let text = value.bytes, let start = cbor.baseAddress else {
      return
    }
    precondition(
      text >= start && text + value.count <= start + cbor.count, "a text lies in its CBOR")
  }
}

private func look(_ handle: OpaquePointer?, _ script: inout Script) {
  let bytes = script.chunk()
  var room = [UInt8](repeating: 0, count: Int(script.byte()) << 2)
  var count = 0
  let size = room.count
  _ = tillregister_open_record(handle, bytes, bytes.count, &room, size, &count)
  var keys = tillregister_keys()
  var line: UInt32 = 0
  let text = bytes.map { CChar(bitPattern: $0) }
  _ = tillregister_read_keys(text, text.count, &keys, &line)
}

private func ask(_ handle: OpaquePointer?, _ script: inout Script) {
  let choice = script.byte()
  let number = script.number()
  script.withText { text in
    switch choice & 7 {
    case 0: _ = tillregister_abort(handle, text)
    case 1: _ = tillregister_query_status(handle, text)
    case 2: _ = tillregister_choose(handle, text, number)
    case 3: _ = tillregister_query_totals(handle)
    case 4: _ = tillregister_close_period(handle, number, number)
    case 5:
      var code = tillregister_code()
      code.size = MemoryLayout<tillregister_code>.size
      code.reference = text
      code.payload = text
      code.amount = number
      code.currency = UInt16(truncatingIfNeeded: number >> 8)
      code.exponent = choice >> 3 & 7
      _ = tillregister_make_code(handle, &code)
      _ = tillregister_query_diagnosis(handle)
    case 6: _ = tillregister_set_time(handle, number, number)
    default:
      var report = tillregister_report()
      report.size = MemoryLayout<tillregister_report>.size
      report.reference = text
      report.approval = text
      report.amount = number
      report.outcome = choice >> 3 & 15
      report.has_amount = choice >> 7
      _ = tillregister_report_outcome(handle, &report)
    }
  }
}

private func keep(_ handle: OpaquePointer?, _ script: inout Script) {
  let index = script.number()
  let record = script.chunk()
  switch script.byte() & 3 {
  case 0: _ = tillregister_restore(handle, record, record.count)
  case 1: _ = tillregister_give_back(handle, index, record, record.count)
  default: _ = tillregister_acknowledge(handle, index)
  }
}

private func send(_ handle: OpaquePointer?, _ script: inout Script) {
  let now = script.number()
  var frame = [UInt8](repeating: 0, count: 640)
  var count = 0
  var when: UInt64 = 0
  let code = tillregister_send(handle, now, &frame, 640 - Int(script.byte() & 1), &count)
  precondition(count <= 640 && (code == TILLREGISTER_READY) == (count > 0), "a frame or none")
  _ = tillregister_deadline(handle, now, &when)
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var script = Script(UnsafeBufferPointer(start: start, count: count))
  let handle = create(&script)
  defer { tillregister_free(handle) }
  while !script.isAtEnd {
    switch script.byte() & 7 {
    case 0, 1: receive(handle, &script)
    case 2: pay(handle, &script)
    case 3: find(&script)
    case 4: look(handle, &script)
    case 5: ask(handle, &script)
    case 6: keep(handle, &script)
    default: send(handle, &script)
    }
  }
  return 0
}
