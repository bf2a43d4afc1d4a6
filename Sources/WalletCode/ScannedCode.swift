// One scanned code: whose it is, and the bytes that are to be encrypted.

import Octets

/// Why a line is no payment code that can be taken.
public enum ScannedCodeError: Error, Equatable {
  /// No rule takes it: a product's bar code, a web address, a ticket.
  case unknown
  /// It begins like a consumer-presented code and is none.
  case consumer(ConsumerCodeError)
}

/// A buffer for one code at a time. It holds a secret: to be wiped after use.
public struct ScannedCode: ~Copyable {
  public private(set) var match = WalletMatch.unknown
  /// The parts of an EMVCo code, which stand in the content.
  public private(set) var consumer: ConsumerCode?
  private var content = Bytes<384>()

  public init() {}

  /// Identifies `code`, a scanned line without its AIM identifier. When it throws, nothing of the
  /// code is kept.
  public mutating func read(_ code: Span<UInt8>) throws(ScannedCodeError) {
    wipe()
    do throws(ScannedCodeError) {
      if Self.isConsumer(code) {
        try readConsumer(code)
      } else {
        try readDigits(code)
      }
    } catch {
      wipe()
      throw error
    }
  }

  /// Shows what is to be encrypted: the code's digits, or an EMVCo code's decoded bytes.
  public borrowing func withContent<R: ~Copyable, E: Error>(
    _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    try content.withBytes(body)
  }

  public mutating func wipe() {
    match = .unknown
    consumer = nil
    content.wipe()
  }

  /// Whether it begins with `85 05 "CPV01"` in base64. The last character's low bits are the next
  /// byte's.
  private static func isConsumer(_ code: Span<UInt8>) -> Bool {
    withLiteral("hQVDUFYwM") { start in
      code.count >= start.count && code.extracting(0..<start.count).equals(start)
    }
  }

  private mutating func readConsumer(_ code: Span<UInt8>) throws(ScannedCodeError) {
    do throws(Base64Error) { try Base64.decode(code, into: &content) } catch {
      throw .consumer(.base64(error))
    }
    do throws(ConsumerCodeError) {
      consumer = .some(
        try content.withBytes { (bytes) throws(ConsumerCodeError) in
          try ConsumerCode(bytes)
        })
    } catch { throw .consumer(error) }
    match = .emvCo
  }

  private mutating func readDigits(_ code: Span<UInt8>) throws(ScannedCodeError) {
    match = WalletMatch.ofDigits(code)
    guard match.wallet != .unknown else { throw .unknown }
    do throws(Overflow) { try content.append(code) } catch { throw .unknown }
  }
}
