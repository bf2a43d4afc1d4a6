// What the suites share: a folder of their own, ptys, sockets and patience.

import FakeKernel
import Glibc
import LinuxBoard
import Octets
import Testing

/// Looks again until `condition` holds or a minute has passed: what is awaited comes from another
/// thread of a machine that may be busy.
func eventually(_ condition: () -> Bool) -> Bool {
  for _ in 0..<60_000 {
    if condition() { return true }
    usleep(1_000)
  }
  return false
}

/// A folder that goes away with its owner.
final class Folder {
  let path: String

  init() {
    var template = Array("/tmp/tillgate-board-XXXXXX".utf8CString)
    path = template.withUnsafeMutableBufferPointer { String(cString: mkdtemp($0.baseAddress!)) }
  }

  deinit {
    if let listing = opendir(path) {
      while let entry = readdir(listing) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        unlink("\(path)/\(name)")
      }
      closedir(listing)
    }
    rmdir(path)
  }

  func name(_ entry: String) -> String { "\(path)/\(entry)" }
}

func device(_ name: String) -> DeviceName {
  let bytes = Array(name.utf8)
  return DeviceName(bytes.span)!
}

/// The other end of a cable.
final class Descriptor {
  let number: Int32
  init(_ number: Int32) {
    precondition(number >= 0, "errno \(errno)")
    self.number = number
  }
  deinit { close(number) }

  func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let taken = rest.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
      guard taken > 0 else { return }
      rest = rest.dropFirst(taken)
    }
  }

  /// What arrives, until `count` bytes have or a minute has passed without any.
  func read(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      var polled = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
      guard poll(&polled, 1, 60_000) > 0 else { break }
      var chunk = [UInt8](repeating: 0, count: count - bytes.count)
      let taken = Glibc.read(number, &chunk, chunk.count)
      guard taken > 0 else { break }
      bytes += chunk[..<taken]
    }
    return bytes
  }
}

/// A pty's master, and a link of a fixed name to its slave, as a bench or udev makes it. The link
/// goes first: the kernel soon gives the slave's number to somebody else.
final class Pty {
  private let master: Descriptor
  private let link: String

  init(linkedAs link: String) {
    var name = [CChar](repeating: 0, count: 64)
    master = Descriptor(open_pty(&name, name.count))
    self.link = link
    symlink(name, link)
  }

  deinit { unlink(link) }

  func write(_ bytes: [UInt8]) { master.write(bytes) }
  func read(_ count: Int) -> [UInt8] { master.read(count) }
}

func socketAddress(_ path: String) -> sockaddr_un {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
  return address
}

func bound(_ kind: __socket_type, to path: String) -> Descriptor {
  let descriptor = Descriptor(socket(AF_UNIX, Int32(kind.rawValue), 0))
  var address = socketAddress(path)
  unlink(path)
  let result = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor.number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  precondition(result == 0, "errno \(errno)")
  return descriptor
}

func listening(at path: String) -> Descriptor {
  let descriptor = bound(SOCK_STREAM, to: path)
  listen(descriptor.number, 4)
  return descriptor
}
