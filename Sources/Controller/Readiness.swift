// What the controller could do at the moment a request comes.

import Link

public struct Readiness: Equatable, Sendable, BitwiseCopyable {
  /// Methods this controller has readers for …
  public var supported: Methods
  /// … and those of which the reader answers.
  public var methods: Methods
  /// Why no record could be kept; `none` when one can.
  public var store: Reason
  /// Why no card could be encrypted; `none` when one can.
  public var keys: Reason
  /// Whether the journal has a record of the reference.
  var isUsed = false

  public init(
    supported: Methods, methods: Methods, store: Reason = .none, keys: Reason = .none
  ) {
    self.supported = supported
    self.methods = methods
    self.store = store
    self.keys = keys
  }

  /// Why `request` cannot be carried out now; `none` when it can.
  func obstacle(to request: PaymentRequest) -> Reason {
    guard store == .none else { return store }
    guard !request.needsNoCard else { return .none }
    let wanted = request.methods.common(with: supported)
    guard !wanted.isEmpty else { return .methodNotSupported }
    guard keys == .none else { return keys }
    let total = request.amount + (request.tip?.value(of: request.amount) ?? 0)
    let allowed = request.limits.allowed(wanted, for: total)
    guard !allowed.isEmpty else { return .amountTooHigh }
    return allowed.common(with: methods).isEmpty ? .readerNotAnswering : .none
  }
}
