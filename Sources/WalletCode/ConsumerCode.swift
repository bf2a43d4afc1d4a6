// A code that a consumer's telephone shows by EMV QR Code Specification for Payment Systems,
// Consumer-Presented Mode, version 1.1: BER-TLV in base64. It may carry a card number, in its own
// tag: this is the one kind of code in which digits are known to be one.

import Octets

/// Why bytes are no consumer-presented code.
public enum ConsumerCodeError: Error, Equatable {
  case base64(Base64Error)
  case malformed(TLVError)
  /// The first object is not `85` with `CPV01` (table 4.1).
  case notFirst
  /// No application template `61`, or more than `ConsumerCode.mostApplications`.
  case applications
  /// An application template without an application's name of 5 to 16 bytes.
  case applicationName
  /// A tag that stands twice where it may stand once.
  case duplicate(UInt32)
  /// A value that the tag cannot have.
  case invalid(UInt32)
}

/// Where the parts of a code stand in its decoded bytes.
public struct ConsumerCode: Equatable, Sendable {
  /// Bytes of a code: 512 characters (section 3.1) are 384 bytes.
  public static let limit = 384
  /// Application templates that are looked at; there is no limit in the specification.
  public static let mostApplications = 8

  public private(set) var applicationCount = 0
  /// Name (AID) of the first application, which has the highest priority.
  public private(set) var applicationName = 0..<0
  /// Value of `5A`: digits in nibbles, `F` behind an odd number of them. The first application's,
  /// or else the common one.
  public private(set) var accountNumber: Range<Int>?
  /// Value of `57`, likewise.
  public private(set) var track2: Range<Int>?
  /// Value of `5F2D`: up to four languages of two letters.
  public private(set) var languages: Range<Int>?
  /// Whether any template carries an application cryptogram `9F26`.
  public private(set) var hasCryptogram = false

  enum Tag {
    static let format: UInt32 = 0x85
    static let application: UInt32 = 0x61
    static let common: UInt32 = 0x62
    static let applicationTransparent: UInt32 = 0x63
    static let commonTransparent: UInt32 = 0x64
    static let applicationName: UInt32 = 0x4F
    static let accountNumber: UInt32 = 0x5A
    static let track2: UInt32 = 0x57
    static let languages: UInt32 = 0x5F2D
    static let cryptogram: UInt32 = 0x9F26
  }

  /// What one template says.
  private struct Template {
    var applicationName: Range<Int>?
    var accountNumber: Range<Int>?
    var track2: Range<Int>?
    var languages: Range<Int>?
    var cryptogram: Range<Int>?
    var transparent: Range<Int>?
  }

  /// Takes decoded bytes apart. Objects with other tags are passed over.
  public init(_ bytes: Span<UInt8>) throws(ConsumerCodeError) {
    var offset = 0
    guard let first = try Self.next(in: bytes, from: &offset), first.tag == Tag.format,
      withLiteral("CPV01", { $0.equals(bytes.extracting(first.value)) })
    else { throw .notFirst }
    var common: Template?
    while let object = try Self.next(in: bytes, from: &offset) {
      switch object.tag {
      case Tag.format: throw .duplicate(Tag.format)
      case Tag.application: try addApplication(bytes, object.value)
      case Tag.common:
        guard common == nil else { throw .duplicate(Tag.common) }
        common = .some(try Self.template(bytes, object.value))
      default: break
      }
    }
    guard applicationCount > 0 else { throw .applications }
    if let common { merge(common) }
    try check(bytes)
  }

  private mutating func addApplication(
    _ bytes: Span<UInt8>, _ range: Range<Int>
  ) throws(ConsumerCodeError) {
    guard applicationCount < Self.mostApplications else { throw .applications }
    let template = try Self.template(bytes, range)
    guard let name = template.applicationName, (5...16).contains(name.count) else {
      throw .applicationName
    }
    applicationCount += 1
    guard applicationCount == 1 else { return }
    applicationName = name
    merge(template)
  }

  /// What was said before stays.
  private mutating func merge(_ template: Template) {
    if accountNumber == nil { accountNumber = template.accountNumber }
    if track2 == nil { track2 = template.track2 }
    if languages == nil { languages = template.languages }
    if template.cryptogram != nil { hasCryptogram = true }
  }

  private func check(_ bytes: Span<UInt8>) throws(ConsumerCodeError) {
    if let accountNumber {
      guard (4...10).contains(accountNumber.count) else { throw .invalid(Tag.accountNumber) }
    }
    if let track2, track2.count > 19 { throw .invalid(Tag.track2) }
    if let languages {
      guard languages.count % 2 == 0, (2...8).contains(languages.count) else {
        throw .invalid(Tag.languages)
      }
    }
  }

  /// The objects of a template, and those of the transparent template inside it.
  private static func template(
    _ bytes: Span<UInt8>, _ range: Range<Int>
  ) throws(ConsumerCodeError) -> Template {
    var template = Template()
    try collect(bytes, range, into: &template)
    if let transparent = template.transparent {
      try collect(bytes, transparent, into: &template)
    }
    return template
  }

  private static func collect(
    _ bytes: Span<UInt8>, _ range: Range<Int>, into template: inout Template
  ) throws(ConsumerCodeError) {
    let content = bytes.extracting(0..<range.upperBound)
    var offset = range.lowerBound
    while let object = try next(in: content, from: &offset) {
      switch object.tag {
      case Tag.applicationName: try set(&template.applicationName, object)
      case Tag.accountNumber: try set(&template.accountNumber, object)
      case Tag.track2: try set(&template.track2, object)
      case Tag.languages: try set(&template.languages, object)
      case Tag.cryptogram: try set(&template.cryptogram, object)
      case Tag.applicationTransparent, Tag.commonTransparent:
        try set(&template.transparent, object)
      default: break
      }
    }
  }

  private static func set(
    _ place: inout Range<Int>?, _ object: TLV
  ) throws(ConsumerCodeError) {
    guard place == nil else { throw .duplicate(object.tag) }
    place = .some(object.value)
  }

  private static func next(
    in bytes: Span<UInt8>, from offset: inout Int
  ) throws(ConsumerCodeError) -> TLV? {
    do { return try TLV.next(in: bytes, from: &offset) } catch { throw .malformed(error) }
  }
}
