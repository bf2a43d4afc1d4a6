// What came, in the header's structure.

import CTillregister
import Link
import Octets
import Register

extension tillregister_event {
  mutating func describe(_ event: RegisterEvent) {
    switch event {
    case .linkUp(let info, let standing): set(info, standing)
    case .response(let response):
      set(TILLREGISTER_RESPONSE, response.reference)
      request = UInt8(truncatingIfNeeded: response.request.rawValue)
      is_accepted = response.isAccepted ? 1 : 0
      reason = response.reason.rawValue
    case .event(let step): set(step)
    case .record(let index):
      type = UInt8(TILLREGISTER_RECORD_IN)
      self.index = index
    case .recordCopy(let index):
      type = UInt8(TILLREGISTER_COPY)
      self.index = index
    case .recall(let index):
      type = UInt8(TILLREGISTER_RECALL)
      self.index = index
    case .forked: type = UInt8(TILLREGISTER_FORKED)
    case .status(let status): set(status)
    case .totals: type = UInt8(TILLREGISTER_TOTALS)
    case .diagnosis: type = UInt8(TILLREGISTER_DIAGNOSIS)
    case .error(let error):
      type = UInt8(TILLREGISTER_ERROR)
      request = UInt8(truncatingIfNeeded: min(error.type, 0xFF))
      reason = error.reason.rawValue
    }
  }

  private mutating func set(_ type: Int, _ reference: Reference?) {
    self.type = UInt8(type)
    guard let reference else { return }
    withUnsafeMutableBytes(of: &self.reference) { room in
      reference.withText { text in
        for index in text.indices where index < room.count - 1 { room[index] = text[index] }
      }
    }
  }

  private mutating func set(_ origin: Origin) {
    var bytes = Bytes<16>()
    do { try origin.append(to: &bytes) } catch { return }
    withUnsafeMutableBytes(of: &self.origin) { room in
      for index in 0..<16 { room[index] = bytes[index] }
    }
  }

  private mutating func set(_ info: BootInfo, _ standing: Standing) {
    type = UInt8(TILLREGISTER_LINK_UP)
    set(info.origin)
    index = info.start.size
    epoch = info.epoch
    switch standing {
    case .continuous: self.standing = UInt8(TILLREGISTER_CONTINUOUS)
    case .newOrigin: self.standing = UInt8(TILLREGISTER_NEW_ORIGIN)
    case .missing(let count):
      self.standing = UInt8(TILLREGISTER_MISSING)
      self.count = count
    case .forked: self.standing = UInt8(TILLREGISTER_FORKED_LOG)
    case .ahead(let count):
      self.standing = UInt8(TILLREGISTER_AHEAD)
      self.count = count
    }
  }

  private mutating func set(_ step: Event) {
    set(TILLREGISTER_EVENT, step.reference)
    kind = step.kind.rawValue
    reason = step.reason.rawValue
    prompt = step.prompt?.rawValue ?? 0
    outcome = step.outcome?.rawValue ?? 0
    is_final = step.isFinal ? 1 : 0
    methods = step.methods?.rawValue ?? 0
    has_amount = step.amount == nil ? 0 : 1
    amount = step.amount ?? 0
    unix_milliseconds = step.unixMilliseconds ?? 0
    uptime_milliseconds = step.uptimeMilliseconds ?? 0
  }

  private mutating func set(_ status: TransactionStatus) {
    set(TILLREGISTER_STATUS, status.reference)
    switch status.state {
    case .notFound: state = UInt8(TILLREGISTER_NOT_FOUND)
    case .inProgress: state = UInt8(TILLREGISTER_IN_PROGRESS)
    case .processed(let origin, let index):
      state = UInt8(TILLREGISTER_PROCESSED)
      set(origin)
      self.index = index
    case .ended(let reason):
      state = UInt8(TILLREGISTER_ENDED)
      self.reason = reason.rawValue
    }
  }

  /// Copies message and record to where they stay until the next call, and points there.
  mutating func show(_ handle: Handle) {
    let place = handle.message
    message_size = handle.kit.pointee.session.withMessage { Self.copy($0, to: place) }
    message = UnsafePointer(place.baseAddress)
    let recordPlace = handle.record
    record_size = handle.kit.pointee.session.withRecord { Self.copy($0, to: recordPlace) }
    if record_size > 0 { record = UnsafePointer(recordPlace.baseAddress) }
    showTree(handle)
  }

  private mutating func showTree(_ handle: Handle) {
    guard type == UInt8(TILLREGISTER_LINK_UP), standing == UInt8(TILLREGISTER_NEW_ORIGIN),
      let tree = handle.kit.pointee.session.held?.tree
    else { return }
    // The tree before a log's first record is one that came in a message.
    var bytes = Bytes<480>()
    do throws(Overflow) { try tree.appendPeaks(to: &bytes) } catch { return }
    let place = handle.peaks
    peaks_size = bytes.withBytes { Self.copy($0, to: place) }
    if peaks_size > 0 { peaks = UnsafePointer(place.baseAddress) }
  }

  private static func copy(
    _ bytes: Span<UInt8>, to place: UnsafeMutableBufferPointer<UInt8>
  ) -> Int {
    let count = min(bytes.count, place.count)
    for index in 0..<count { place[index] = bytes[index] }
    return count
  }
}
