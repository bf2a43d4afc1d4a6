// What the vault refuses.

public enum VaultError: Error, Equatable {
  /// No initial key is loaded.
  case noKeys
  /// Every key of the loaded initial key has been used.
  case exhausted
  /// The lease has no key left: the keeper has to refill it.
  case leaseEmpty
  /// Card data beyond `CardCipher.longestCardData`.
  case tooLong
  /// Loading would drop an initial key that still has this many keys left.
  case keysLeft(UInt64)
  /// This initial key was loaded on this board before: its first keys would be used twice.
  case loadedBefore
  /// The board remembers no more initial keys, and without the memory could reuse one.
  case historyFull
  /// All 2^32 boot epochs are used.
  case epochsExhausted
}
