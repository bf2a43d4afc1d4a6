// The keeper's part in pairings: it opens the window when the board's button is pressed or
// `tillgate pair` asks for it, makes registers durable, and says what becomes of it.

import CLinux
import Controller
import Link
import LinuxBoard
import Octets

struct PairingDesk: ~Copyable {
  private let shared: UnsafeMutablePointer<SharedState>
  private var book: PairingBook
  private var button: PushButton
  /// Whose request the window is; empty for the button's.
  private var opener = Bytes<8>()
  /// Whose request is being answered.
  private var asker = Bytes<8>()
  private var isOpen = false

  /// Requests and answers of before the start are void: nobody is at the terminal.
  init(
    _ shared: UnsafeMutablePointer<SharedState>, book: consuming PairingBook,
    button: consuming PushButton, store: borrowing VaultStore
  ) {
    self.shared = shared
    self.book = book
    self.button = button
    var note = PairingNote()
    _ = store.take(PairingNotes.request, into: &note)
    _ = store.take(PairingNotes.answer, into: &note)
    _ = store.take(PairingNotes.reply, into: &note)
  }

  mutating func wipe() { book.wipe() }

  /// To be called every 20 ms or so, by a thread that may wait.
  mutating func tend(_ store: borrowing VaultStore, now: Instant) {
    if button.wasPressed(now: now) {
      opener.removeAll()
      open(store)
    }
    var note = PairingNote()
    if store.take(PairingNotes.request, into: &note) { note.withBytes { obey($0, store) } }
    while let event = shared.pointee.pairingEvents.pop() { take(event, store) }
  }

  private mutating func obey(_ note: Span<UInt8>, _ store: borrowing VaultStore) {
    var words = NoteWords(note)
    let id = words.next()
    guard id.count == PairingNotes.idSize else { return }
    let verb = words.next()
    asker.removeAll()
    do throws(Overflow) { try asker.append(id) } catch { preconditionFailure("8 bytes fit") }
    if withLiteral("open", { verb.equals($0) }) {
      opener.removeAll()
      do throws(Overflow) { try opener.append(id) } catch { preconditionFailure("8 bytes fit") }
      open(store)
    } else if withLiteral("close", { verb.equals($0) }) {
      order(.close)
      reply(.closed, store)
    } else if withLiteral("list", { verb.equals($0) }) {
      reply(.list, store)
    } else if withLiteral("remove", { verb.equals($0) }) {
      remove(words.next(), store)
    }
  }

  private mutating func open(_ store: borrowing VaultStore) {
    isOpen = true
    order(.open)
    say(.open, store)
  }

  private mutating func remove(_ digits: Span<UInt8>, _ store: borrowing VaultStore) {
    guard let entry = book.entry(beginningWith: digits) else { return reply(.unknown, store) }
    _ = book.remove(entry.register.key)
    guard save(store) else {
      _ = book.add(entry.register, unixMilliseconds: entry.unixMilliseconds)
      return reply(.failed, store)
    }
    order(.forget(entry.register.key))
    reply(.removed, store)
  }

  private borrowing func entry(of key: PublicKey) -> PairingBook.Entry? {
    guard let index = book.index(of: key) else { return nil }
    return book[index]
  }

  private mutating func take(_ event: PairingEvent, _ store: borrowing VaultStore) {
    switch event {
    case .showCode(let code): say(.code(code), store)
    case .wrongCode(let left): say(.wrong(triesLeft: left), store)
    case .codeExpired: say(.expired, store)
    case .accepted(let register): keep(register, store)
    case .closed:
      // After a pairing the last word was that.
      if isOpen { say(.closed, store) }
      isOpen = false
    }
  }

  /// Makes the register durable before the loop may tell it so.
  private mutating func keep(_ register: PairedRegister, _ store: borrowing VaultStore) {
    isOpen = false
    let before = entry(of: register.key)
    guard book.add(register, unixMilliseconds: tg_unix_milliseconds()) else {
      order(.notStored(.full))
      return say(.full, store)
    }
    guard save(store) else {
      if let before {
        _ = book.add(before.register, unixMilliseconds: before.unixMilliseconds)
      } else {
        _ = book.remove(register.key)
      }
      order(.notStored(.notStored))
      return say(.failed, store)
    }
    order(.stored(register))
    say(.paired(register), store)
  }

  private func save(_ store: borrowing VaultStore) -> Bool {
    do throws(StoreError) {
      try store.save(book)
      return true
    } catch {
      var line = Line()
      line.add("the list of registers could not be made durable: ")
      line.add(error)
      line.print(to: .error)
      return false
    }
  }

  /// Orders are few, and the loop takes them every tick.
  private func order(_ order: PairingOrder) { _ = shared.pointee.pairingOrders.push(order) }

  /// News of the window, for who opened it.
  private borrowing func say(_ news: PairingNews, _ store: borrowing VaultStore) {
    if !opener.isEmpty { write(PairingNotes.answer, opener, news, store) }
  }

  private borrowing func reply(_ news: PairingNews, _ store: borrowing VaultStore) {
    write(PairingNotes.reply, asker, news, store)
  }

  private borrowing func write(
    _ name: StaticString, _ id: borrowing Bytes<8>, _ news: PairingNews,
    _ store: borrowing VaultStore
  ) {
    var note = PairingNote()
    do throws(Overflow) {
      try id.withBytes { (id) throws(Overflow) in try note.append(id) }
      try note.append(" ")
      try news.append(to: &note)
      try note.append("\n")
      if case .list = news { try book.appendLines(to: &note) }
    } catch { preconditionFailure("eight registers and a line are 450 bytes at most") }
    do throws(StoreError) {
      try note.withBytes { (note) throws(StoreError) in try store.write(name, note) }
    } catch {
      var line = Line()
      line.add(error)
      line.print(to: .error)
    }
  }
}
