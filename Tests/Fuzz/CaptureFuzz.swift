// Fuzzes the reader of capture files: any bytes in any format are read or refused, and what is
// shown masked holds no more digits than a receipt may show.

import Captures
import Magstripe

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  let bytes = [UInt8](UnsafeBufferPointer(start: data, count: size))
  for format in [nil] + CaptureFormat.allCases.map(Optional.some) {
    var options = CaptureOptions()
    options.format = format
    let capture: Capture
    do {
      capture = try Capture(bytes, options)
    } catch {
      precondition(error is CaptureError)
      continue
    }
    let reading = CaptureReading(capture)
    let masked = CaptureReport(capture, reading, showsData: false)
    let shown = CaptureReport(capture, reading, showsData: true)
    precondition(!masked.text.isEmpty && masked.swipes.count == shown.swipes.count)
    for (track, whole) in zip(
      masked.swipes.flatMap(\.tracks), shown.swipes.flatMap(\.tracks))
    {
      precondition(track.rawBits == nil && track.characters.count == whole.characters.count)
      precondition(track.characters.count { $0.isNumber } <= 10)
      precondition(!whole.isGood || whole.characters.last == "?")
    }
  }
  return 0
}
