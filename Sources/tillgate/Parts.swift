// What `tillgate run` is put together from: durable state opened, keys in their places.

import CLinux
import CSodium
import Concert
import Contactless
import Controller
import Display
import Identity
import Journal
import Link
import LinuxBoard
import Magstripe
import Octets
import Profile
import Vault

/// The machines of the threads, made but not yet in their places.
struct Parts: ~Copyable {
  var keeper: Keeper?
  var loop: LoopThread?
  var writer: JournalWriter?

  init(
    _ profile: BoardProfile, _ shared: UnsafeMutablePointer<SharedState>,
    _ edges: UnsafeMutablePointer<CapturedEdges>, _ slot: UnsafeMutablePointer<PortSlot>,
    reader: UnsafeMutablePointer<PortSlot>, devices: DeviceSlots
  ) throws(StartFailure) {
    let store = try Self.openStore(profile)
    var keys = KeyKeeper()
    let epoch = try Self.beginEpoch(store, &keys)
    let book = try Self.openBook(store)
    var key = LogKey()
    defer { key.wipe() }
    let journal = try store.openJournal(in: profile.storage, key: &key)
    let log = journal.durable
    var journalDesk = JournalDesk(journal, policy: JournalPolicy(profile))
    let outbox = try Self.outbox(log, &journalDesk)
    let terminal = try Self.terminal(profile, book, keys, origin: log.origin, epoch: epoch)
    let link = try Self.link(profile, book, terminal)
    let watching = try Self.watcher(profile, book, terminal)
    let taps = profile.contactless.isGiven ? try Self.taps(profile, terminal) : nil
    let board = RealBoard(
      shared: shared, edges: edges, register: slot, reader: reader, devices: devices,
      lamps: try lamps(profile))
    let now = MonotonicClock.now()
    let loop = Loop(
      board: board, timing: LoopTiming(tick: profile.loop.tick, release: profile.loop.release),
      terminal: terminal, clock: WallClock(unixMilliseconds: tg_unix_milliseconds(), at: now),
      head: StripeSettings(
        kind: profile.stripe.kind == .f2f ? .f2f : .clockData,
        tracks: Wiring.tracks(profile.stripe),
        silence: profile.stripe.silence),
      taps: taps, attachments: Attachments(profile), outbox: outbox, link: link,
      watcher: watching)
    self.loop = LoopThread(loop, period: profile.loop.tick, shared, reader: reader)
    writer = JournalWriter(shared, desk: journalDesk, directory: profile.storage)
    let desk = PairingDesk(shared, book: book, button: Wiring.pairingButton(profile), store: store)
    keeper = Keeper(
      shared, store: store, keys: keys, desk: desk,
      port: PortKeeper(portSettings(profile.register.port, profile.register.baud), slot: slot),
      reader: profile.contactless.isGiven
        ? PortKeeper(portSettings(profile.contactless.port, PN532.firstRate), slot: reader) : nil,
      scanner: portKeeper(profile.scanner, devices.scanner),
      display: portKeeper(profile.display.device, devices.display),
      watcher: portKeeper(profile.watcher, devices.watcher),
      concert: portKeeper(profile.concert.device, devices.concert))
  }

  private static func taps(
    _ profile: BoardProfile, _ terminal: borrowing Terminal
  ) throws(StartFailure) -> TapSettings {
    guard var taps = TapSettings(profile.contactless) else { throw .taps }
    // 9F1E: eight characters, the last four bytes of the device's name.
    for index in 0..<8 {
      let byte = terminal.device[4 + index / 2]
      taps.terminal.serial[index] = Hex.digit(index % 2 == 0 ? byte >> 4 : byte)
    }
    return taps
  }

  private static func openStore(_ profile: BoardProfile) throws(StartFailure) -> VaultStore {
    do throws(StoreError) {
      return try profile.storage.withPointer { (path) throws(StoreError) in
        try VaultStore.open(path, creating: false, locking: true)
      }
    } catch { throw .store(error) }
  }

  /// The registers that are paired. Where none ever was, the controller gets its keys now.
  private static func openBook(
    _ store: borrowing VaultStore
  ) throws(StartFailure) -> PairingBook {
    var book = PairingBook()
    do throws(StoreError) { try store.open(&book) } catch {
      guard case .pairingMissing = error else { throw .store(error) }
      book.create()
      do throws(StoreError) { try store.save(book) } catch { throw .store(error) }
      Console.error.print(
        "no register was ever paired here: made new keys for it; pair one with `tillgate pair`")
    }
    return book
  }

  /// The number of this start, durable before anything is sealed under it.
  private static func beginEpoch(
    _ store: borrowing VaultStore, _ keys: inout KeyKeeper
  ) throws(StartFailure) -> UInt32 {
    do throws(StoreError) { try store.open(&keys) } catch { throw .store(error) }
    do throws(VaultError) { try keys.advanceEpoch() } catch { throw .vault(error) }
    do throws(StoreError) { return try store.commitEpoch(&keys) } catch { throw .store(error) }
  }

  private static func terminal(
    _ profile: BoardProfile, _ book: borrowing PairingBook, _ keys: borrowing KeyKeeper,
    origin: Origin, epoch: UInt32
  ) throws(StartFailure) -> Terminal {
    let shown = profile.masking
    guard let masking = MaskPolicy(leading: shown.leadingDigits, trailing: shown.trailingDigits)
    else { preconditionFailure("the profile has the same limits") }
    var tokenKey = TokenKey()
    keys.copyTokenKey(into: &tokenKey)
    var terminal = Terminal(
      origin: origin, epoch: epoch, masking: masking, tokenKey: tokenKey,
      recordKey: try book.makeRecordKey())
    book.nameDevice(&terminal.device)
    do { try terminal.firmware.append(version) } catch {
      preconditionFailure("a version is at most 16 characters")
    }
    return terminal
  }

  private static func outbox(
    _ log: LogState, _ desk: inout JournalDesk
  ) throws(StartFailure) -> Outbox {
    do throws(JournalError) {
      return Outbox(
        tree: log.tree, start: try desk.start(), oldest: log.oldest,
        acknowledged: log.acknowledged)
    } catch { throw .journal(error) }
  }

  private static func link(
    _ profile: BoardProfile, _ book: borrowing PairingBook, _ terminal: borrowing Terminal
  ) throws(StartFailure) -> ControllerLink {
    do throws(KeyError) {
      var link = try ControllerLink(
        secret: book.secret, register: Link.Key(), origin: terminal.origin,
        epoch: UInt64(terminal.epoch), byteTime: byteTime(profile.register.baud),
        now: MonotonicClock.now())
      for index in 0..<book.count { try link.pin(book[index].register.key) }
      return link
    } catch { throw .pairing }
  }

  /// The line on which a register only watches, if the board has one: any that is paired may.
  private static func watcher(
    _ profile: BoardProfile, _ book: borrowing PairingBook, _ terminal: borrowing Terminal
  ) throws(StartFailure) -> Watcher? {
    guard profile.watcher.isThere else { return nil }
    do throws(KeyError) {
      var link = try WatchLink(
        secret: book.secret, origin: terminal.origin, byteTime: byteTime(profile.watcher.baud),
        now: MonotonicClock.now())
      for index in 0..<book.count { try link.pin(book[index].register.key) }
      return Watcher(link)
    } catch { throw .pairing }
  }

  /// Ten bits to a byte: one start bit, eight data bits, one stop bit.
  private static func byteTime(_ baud: Int) -> Interval {
    Interval(nanoseconds: 10_000_000_000 / Int64(baud))
  }
}

func portSettings(_ path: Path, _ baud: Int) -> PortSettings {
  guard let name = path.withBytes({ DeviceName($0) }) else {
    preconditionFailure("a profile's paths are as long as a device's name may be")
  }
  return PortSettings(path: name, baud: Int32(baud))
}

/// Nil where the board has no such device.
private func portKeeper(
  _ device: BoardProfile.Device, _ slot: UnsafeMutablePointer<PortSlot>
) -> PortKeeper? {
  guard device.isThere else { return nil }
  return PortKeeper(portSettings(device.port, device.baud), slot: slot)
}

extension Attachments {
  fileprivate init(_ profile: BoardProfile) {
    self.init()
    hasScanner = profile.scanner.isThere
    language = Language(rawValue: UInt8(profile.display.language)) ?? .english
    concert = ConcertSettings(profile.concert)
    guard profile.display.device.isThere else { return }
    display = .some(
      DisplaySettings(
        commands: DisplayCommands(rawValue: UInt8(profile.display.commands)) ?? .escPOS,
        characters: CharacterSet(rawValue: UInt8(profile.display.characters)) ?? .ascii,
        selection: Self.selection(profile.display)))
  }

  private static func selection(_ display: BoardProfile.Display) -> Selection? {
    guard !display.select.isEmpty else { return nil }
    var bytes = Bytes<16>()
    do throws(HexError) {
      try display.select.withBytes { (text) throws(HexError) in try Hex.decode(text, into: &bytes) }
    } catch { preconditionFailure("the key's rule takes pairs of digits only, 16 at most") }
    return bytes.withBytes { Selection($0) }
  }
}

extension ConcertSettings {
  /// Nil where the board has no such port.
  fileprivate init?(_ concert: BoardProfile.Concert) {
    guard concert.device.isThere else { return nil }
    self.init(
      acceptance: Acceptance(rawValue: UInt8(concert.acceptance)) ?? .approved,
      cardSeconds: UInt16(concert.cardSeconds), outcomeSeconds: UInt16(concert.outcomeSeconds))
    parity = concert.parity == 0 ? .none : .even
  }
}

private func lamps(_ profile: BoardProfile) throws(StartFailure) -> Lamps {
  do throws(GPIOError) { return try Wiring.lamps(profile) } catch { throw .lamps(error) }
}

extension JournalPolicy {
  init(_ profile: BoardProfile) {
    self.init(
      keptRecords: UInt64(profile.retention.records),
      keptMilliseconds: UInt64(profile.retention.days) * 86_400_000,
      reserveBytes: UInt64(profile.retention.reserveMegabytes) * 1_000_000)
  }
}
