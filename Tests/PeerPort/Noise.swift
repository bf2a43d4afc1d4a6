// `peerport noise register|controller SECRET PEER EPHEMERAL`: one side of a session over standard
// input and output, in frames. The first message is `hello` from the register; every message heard
// afterwards is said back.

import Foundation
import Link
import Octets

enum Noise {
  static func run(_ words: [String]) throws {
    guard words.count == 4 else { exit(2) }
    let keys = words.dropFirst().map { Frames.unhex($0[...]) }
    let isRegister = words[0] == "register"
    let now = Instant(nanoseconds: 1)
    var session = try Session(
      role: isRegister ? .register : .controller, secret: key(keys[0]), peer: key(keys[1]),
      now: now)
    var ephemeral = key(keys[2])
    session.provideEphemeral(&ephemeral)
    var decoder = FrameDecoder()
    var frame = WireFrame()
    var heard = MessageBytes()
    if session.nextFrame(now: now, into: &frame) { say(frame) }
    while let byte = FileHandle.standardInput.readData(ofLength: 1).first {
      guard decoder.feed(byte) else { continue }
      switch decoder.withContent({ session.receive($0, now: now, into: &heard) }) {
      case .nothing: if session.nextFrame(now: now, into: &frame) { say(frame) }
      case .established:
        if try session.seal(Array("hello".utf8).span, now: now, into: &frame) { say(frame) }
      case .message:
        let echo = heard.withBytes { span in span.indices.map { span[$0] } }
        if try session.seal(echo.span, now: now, into: &frame) { say(frame) }
      }
    }
    let counts = session.counts
    FileHandle.standardError.write(
      Data("forged=\(counts.forged) replayed=\(counts.replayed)\n".utf8))
  }

  private static func key(_ bytes: [UInt8]) -> Key {
    var key = Key()
    do { try key.append(bytes.span) } catch { exit(2) }
    return key
  }

  private static func say(_ frame: borrowing WireFrame) {
    let bytes = frame.withBytes { span in span.indices.map { span[$0] } }
    FileHandle.standardOutput.write(Data(bytes))
  }
}
