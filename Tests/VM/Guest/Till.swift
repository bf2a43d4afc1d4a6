// A register inside the machine: the Register module on a real serial port, and a file of what it
// has stored, which survives a power cut as the register's disk would.

import CGuest
import CLinux
import CSerial
import CSodium
import Link
import LinuxBoard
import Octets
import Register
import Simulator
import Vault

/// The pairing's keys: secrets that count up, and the record key; Tests/VM/init gives the firmware
/// the same.
enum PairingKeys {
  static func counting(from first: UInt8) -> Link.Key {
    var key = Link.Key()
    for index in 0..<32 {
      do { try key.append(first &+ UInt8(index)) } catch { preconditionFailure("32 bytes") }
    }
    return key
  }

  static func point(of secret: borrowing Link.Key) -> Link.Key {
    var point = Link.Key()
    point.appendFilling { room in
      secret.withBytes { secret in
        room.withUnsafeMutableBufferPointer { out in
          secret.withUnsafeBufferPointer {
            _ = crypto_scalarmult_base(out.baseAddress!, $0.baseAddress!)
          }
        }
      }
      return 32
    }
    return point
  }

  static func recordKey() -> RecordKey {
    do throws(SealError) {
      return try counting(from: 0x40).withBytes { (key) throws(SealError) in try RecordKey(key) }
    } catch { preconditionFailure("32 bytes") }
  }
}

/// What the till wants to know of a record it has stored.
struct StoredRecord {
  var index: UInt64
  var amount: UInt64
  var reference: Reference
  var isBackward: Bool
  /// What the acquirer found on track 2, without sentinels, is that of this card.
  var isOf: (visa: Bool, mastercard: Bool)
  /// Of a tapped card: whether it has a cryptogram and its secrets opened at the acquirer.
  var isTap: Bool
  var maskedPAN: [UInt8]
}

/// The far end of the firmware's port, a real serial port too.
struct Port: ~Copyable {
  let descriptor: Int32

  init?(_ path: UnsafePointer<CChar>) {
    descriptor = tg_port_open(path, 115_200, Int32(TG_PORT_NO_FLOW))
    guard descriptor >= 0 else { return nil }
  }

  deinit { tg_port_close(descriptor) }
}

struct Till: ~Copyable {
  /// Ten bit times at 115,200 bit/s.
  private static let byteTime = Interval(nanoseconds: 86_806)

  private var session: RegisterSession
  private let port: Port
  private(set) var store: Store
  private let recordKey: RecordKey
  private(set) var heard: [RegisterEvent] = []
  private(set) var records: [StoredRecord] = []
  /// Served with the line, while there is one.
  var reader: CardReader?

  private init(
    _ port: consuming Port, _ store: consuming Store, _ session: consuming RegisterSession
  ) {
    self.port = port
    self.store = store
    self.session = session
    recordKey = PairingKeys.recordKey()
  }

  /// A register's program at its start. Nil when port or store cannot be opened.
  static func start(at place: Place = .inside) -> Till? {
    guard let store = Store(place.store), let port = Port(place.port) else { return nil }
    let now = MonotonicClock.now()
    do throws(KeyError) {
      var session = try RegisterSession(
        secret: PairingKeys.counting(from: 0),
        controller: PairingKeys.point(of: PairingKeys.counting(from: 1)), held: store.held,
        byteTime: byteTime, now: now)
      session.tell(unixMilliseconds: 1_800_000_000_000, now: now)
      return Till(port, store, session)
    } catch { return nil }
  }

  var counts: RegisterCounts { session.counts }

  mutating func endPayment(_ reference: Reference) { store.noteEnded(reference) }

  mutating func pay(_ request: PaymentRequest) {
    store.noteAsked(request.reference)
    session.pay(request)
  }

  /// Asks for a payment and waits until a card may be swiped; nil when that does not come about.
  mutating func arm(
    _ text: TextLine, amount: UInt64, seconds: UInt16, methods: Methods = .magneticStripe
  ) -> Reference? {
    guard let reference = text.reference else { return nil }
    let start = heard.count
    pay(
      PaymentRequest(
        reference: reference, amount: amount, currency: 978, exponent: 2, timeoutSeconds: seconds,
        methods: methods))
    let answer = wait(from: start) {
      if case .response(let response) = $0 { response.reference == reference } else { false }
    }
    guard case .response(let response) = answer, response.isAccepted else { return nil }
    return reference
  }

  mutating func abort(_ reference: Reference) { session.abort(reference) }
  mutating func query(_ reference: Reference) { session.queryStatus(reference) }

  /// Goes on until something heard from number `start` on fits; nil when `seconds` pass first.
  mutating func wait(
    from start: Int = 0, seconds: Int64 = 60, _ test: (RegisterEvent) -> Bool
  ) -> RegisterEvent? {
    let end = MonotonicClock.now() + .seconds(seconds)
    var looked = start
    while true {
      while looked < heard.count {
        if test(heard[looked]) { return heard[looked] }
        looked += 1
      }
      guard MonotonicClock.now() < end else { return nil }
      turn()
    }
  }

  /// One look at the line, and a millisecond's pause.
  mutating func turn() {
    send()
    receive()
    reader?.turn()
    MonotonicClock.sleep(until: MonotonicClock.now() + .milliseconds(1))
  }

  private mutating func receive() {
    var bytes = Bytes<1024>()
    bytes.appendFilling { room in
      room.withUnsafeMutableBytes {
        max(tg_port_read(port.descriptor, $0.baseAddress, $0.count), 0)
      }
    }
    let now = MonotonicClock.now()
    var offset = 0
    while true {
      let event = bytes.withBytes { session.receive($0, from: &offset, now: now) }
      guard let event else { return }
      take(event)
    }
  }

  private mutating func take(_ event: RegisterEvent) {
    switch event {
    case .linkUp(let info, let standing):
      store.note(info, standing)
    case .record(let index):
      keepRecord(index)
      session.acknowledge(index)
    case .event(let event):
      if event.kind == .captured, let reference = event.reference { store.noteCaptured(reference) }
    case .status(let status): store.note(status)
    case .recall(let index):
      if index < store.sealed.count {
        let record = store.sealed[Int(index)]
        session.sendBack(index, sealed: record.span)
      }
    case .forked: store.noteForked()
    case .response, .recordCopy, .totals, .diagnosis, .error: break
    }
    heard.append(event)
  }

  private mutating func keepRecord(_ index: UInt64) {
    var sealed = SealedRecord()
    do throws(Overflow) {
      try session.withRecord { (bytes) throws(Overflow) in try sealed.append(bytes) }
    } catch { preconditionFailure("the link takes no longer records") }
    do throws(SealError) {
      let record = try sealed.withBytes { (bytes) throws(SealError) in
        try Record(opening: bytes, with: recordKey)
      }
      guard record.index == index, let reference = record.reference.withBytes({ Reference($0) })
      else { return Report.failed("a record that is not what its message said") }
      store.keep(record, sealed)
      let found = Self.opened(record)
      records.append(
        StoredRecord(
          index: index, amount: record.amount.minorUnits, reference: reference,
          isBackward: record.swipe?.isBackward ?? false, isOf: found.cards,
          isTap: found.hasObjects && record.entryMode == .contactlessChip && Self.isSigned(record),
          maskedPAN: record.maskedPAN.withBytes { text in text.indices.map { text[$0] } }))
    } catch { Report.failed("a record that does not open") }
  }

  /// Whether DE55 has an application cryptogram (9F26).
  private static func isSigned(_ record: borrowing Record) -> Bool {
    record.chipData.withBytes { objects in
      do throws(TLVError) { return try TLV.find(0x9F26, in: objects) != nil } catch { return false }
    }
  }

  /// The acquirer's look at the card data, with the base key of the published test keys.
  private static func opened(
    _ record: borrowing Record
  ) -> (cards: (visa: Bool, mastercard: Bool), hasObjects: Bool) {
    var plaintext = Bytes<240>()
    var isVisa = false
    var isMastercard = false
    var hasObjects = false
    do throws(HostError) {
      try record.ciphertext.withBytes { (block) throws(HostError) in
        try record.ksn.withBytes { (ksn) throws(HostError) in
          try AcquirerHost.test(.tdes).decrypt(block, ksn: ksn, into: &plaintext)
        }
      }
    } catch { return ((false, false), false) }
    plaintext.withBytes { plain in
      do throws(CardDataError) {
        let card = try CardData(decoding: plain)
        isVisa = TestCard.visa.isOn(card)
        isMastercard = TestCard.mastercard.isOn(card)
        hasObjects = !card.objects.isEmpty
      } catch { return }
    }
    return ((isVisa, isMastercard), hasObjects)
  }

  private mutating func send() {
    if session.needsEphemeral {
      var random = Link.Key()
      random.appendFilling { room in
        room.withUnsafeMutableBytes { randombytes_buf($0.baseAddress, $0.count) }
        return room.count
      }
      session.provideEphemeral(&random)
    }
    var frame = WireFrame()
    guard session.nextOutput(now: MonotonicClock.now(), into: &frame) else { return }
    frame.withBytes { bytes in
      bytes.withUnsafeBytes { bytes in
        var sent = 0
        while sent < bytes.count {
          let count = tg_port_write(port.descriptor, bytes.baseAddress! + sent, bytes.count - sent)
          guard count >= 0 else { return }
          sent += count
        }
      }
    }
  }
}

extension TestCard {
  /// Whether `card` has all tracks of this one.
  func isOn(_ card: borrowing CardData) -> Bool {
    func same<let size: Int>(_ found: borrowing Bytes<size>, _ track: StaticString?) -> Bool {
      guard let track else { return found.isEmpty }
      return withLiteral(track) { track in
        found.withBytes { $0.equals(track.extracting(1..<(track.count - 1))) }
      }
    }
    return same(card.track1, track1) && same(card.track2, track2) && same(card.track3, track3)
  }
}
