// What a card has said of itself: the primitive data objects of its answers, one after the other.

import Octets

/// The data objects of one card. Holds clear card data: wiped after use.
public struct DataObjects: ~Copyable {
  /// A card with all certificates has about 1.5 KiB.
  static let capacity = 3072

  private var bytes = Bytes<3072>()

  public init() {}

  public var isEmpty: Bool { bytes.isEmpty }

  public mutating func wipe() { bytes.wipe() }

  /// Adds one object. A card that says the same thing twice is not to be trusted with either
  /// (EMV Book 3 section 10.2).
  mutating func add(_ tag: UInt32, _ value: Span<UInt8>) throws(CardFault) {
    guard place(of: tag) == nil else { throw .repeated(tag) }
    do { try bytes.append(tag: tag, value: value) } catch { throw .tooMuchData }
  }

  /// Adds the objects of one template; those that hold others are passed over.
  mutating func add(template: Span<UInt8>) throws(CardFault) {
    var offset = 0
    while let object = try next(in: template, from: &offset) {
      if !object.isConstructed { try add(object.tag, template.extracting(object.value)) }
    }
  }

  private func next(
    in template: Span<UInt8>, from offset: inout Int
  ) throws(CardFault) -> TLV? {
    do { return try TLV.next(in: template, from: &offset) } catch { throw .malformed }
  }

  private func place(of tag: UInt32) -> Range<Int>? {
    bytes.withBytes { bytes in
      do throws(TLVError) { return try TLV.find(tag, in: bytes) } catch {
        preconditionFailure("these are objects that were written here")
      }
    }
  }

  public func has(_ tag: UInt32) -> Bool { place(of: tag) != nil }

  /// Calls `body` with the object's value; nil when the card did not give it.
  public func with<R, E: Error>(
    _ tag: UInt32, _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R? {
    guard let place = place(of: tag) else { return nil }
    return try bytes.withBytes { (bytes) throws(E) in try body(bytes.extracting(place)) }
  }

  /// The byte at `index` of an object; nil when it is not there.
  public func byte(_ index: Int, of tag: UInt32) -> UInt8? {
    with(tag) { index < $0.count ? $0[index] : nil } ?? nil
  }

  /// Calls `body` with every object in the order in which the card gave them.
  public func forEach(_ body: (UInt32, Span<UInt8>) -> Void) {
    bytes.withBytes { bytes in
      do throws(TLVError) {
        var offset = 0
        while let object = try TLV.next(in: bytes, from: &offset) {
          body(object.tag, bytes.extracting(object.value))
        }
      } catch { preconditionFailure("these are objects that were written here") }
    }
  }
}

/// What a card may have got wrong. Never carries card data.
public enum CardFault: Error, Equatable, Sendable {
  /// Not BER-TLV.
  case malformed
  /// BER-TLV, but not the template that answers the command.
  case wrongTemplate
  /// The same data object twice.
  case repeated(UInt32)
  /// A mandatory data object is absent.
  case missing(UInt32)
  /// A data object that contradicts another, or has an impossible value.
  case contradiction(UInt32)
  /// More than a card needs.
  case tooMuchData
  /// An answer without the two bytes of its status.
  case noStatus
  /// A status that ends the transaction: SW1 and SW2.
  case status(UInt16)
}
