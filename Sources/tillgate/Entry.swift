import CLinux
import Octets

/// The program's entry: the linker makes this symbol `main` (see boards/toolchain/firmware).
@c(tillgate_main)
public func entry(
  _ argumentCount: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
  _ = tg_write(1, version.utf8Start, version.utf8CodeUnitCount)
  var bytes = Bytes<64>()
  do {
    try bytes.appendCBOR(unsigned: 500)
    try bytes.appendCBOR(text: "abc")
    var crc = CRC32C()
    withLiteral("123456789") { crc.update($0) }
    try bytes.append(bigEndian: crc.value)
    try bytes.append(0x0A)
  } catch { return 1 }
  bytes.withBytes { bytes in
    _ = bytes.withUnsafeBytes { tg_write(1, $0.baseAddress, $0.count) }
  }
  let ok = bytes.withBytes { bytes in
    var reader = CBORReader(bytes)
    do throws(CBORError) {
      guard try reader.unsigned() == 500 else { return false }
      return try reader.text(atMost: 3).count == 3
    } catch { return false }
  }
  return ok ? 0 : 1
}
