// Codes that the merchant shows: nothing of them is secret, and nothing is kept. Each request is
// answered by itself.

import Link
import Octets
import WalletCode

extension Loop where B: ~Copyable {
  /// Answers with a payload for one payment, or says why there is none.
  mutating func makeCode(_ request: CodeRequest) {
    var payload = Bytes<512>()
    guard request.exponent == Currency.exponent(request.currency) else {
      return refuse(request, .wrongCurrency)
    }
    do throws(MerchantPayloadError) {
      try link.withMessage { (message) throws(MerchantPayloadError) in
        try request.reference.withText { (reference) throws(MerchantPayloadError) in
          try MerchantPayload.make(
            from: message.extracting(request.template), amount: request.amount,
            currency: request.currency, exponent: request.exponent, reference: reference,
            into: &payload)
        }
      }
    } catch { return refuse(request, error.reason) }
    payload.withBytes { link.sendCode(request.reference, payload: $0) }
  }

  private mutating func refuse(_ request: CodeRequest, _ reason: Reason) {
    link.answer(Response(to: .code, request.reference, isAccepted: false, reason: reason))
  }
}

extension MerchantPayloadError {
  fileprivate var reason: Reason {
    switch self {
    case .currency: .wrongCurrency
    // Field 54: nothing at all, or more than thirteen characters.
    case .invalid(54): .amountTooHigh
    // Field 62: a reference of more than 25 characters.
    case .invalid(62): .notPossible
    default: .cardDataIncorrect
    }
  }
}
