// What a register may ask of the controller: each request is repeated until it is answered.

import Link
import Octets

extension RegisterSession {
  /// Asks for a payment, again and again until it is answered. A request still unanswered is
  /// replaced.
  public mutating func pay(_ request: PaymentRequest) {
    payment.begin(.payment(request), reference: request.reference)
  }

  public mutating func abort(_ reference: Reference) {
    abort.begin(.abort(reference), reference: reference)
  }

  /// Reports how the authorisation of a captured card ended, until it is answered.
  public mutating func report(_ report: OutcomeReport) {
    outcome.begin(.outcome(report), reference: report.reference)
  }

  /// Answers a `tipWanted` event with what the customer chose.
  public mutating func choose(_ choice: Choice) {
    self.choice.begin(.choice(choice), reference: choice.reference)
  }

  /// Asks what became of a transaction, once its own request, if that is still repeated, is
  /// answered. Ends with a `status` event and, for a processed one, a `record` or `recordCopy`
  /// event.
  public mutating func queryStatus(_ reference: Reference) {
    status.begin(.transactionStatus(reference), reference: reference)
  }

  /// Asks for what was taken in the open period, or closes the one of this name: closing is done
  /// once however often it is asked. Ends with a `totals` event.
  public mutating func queryTotals(closing name: PeriodName? = nil) {
    closing = name
    totals.begin(.totals(TotalsRequest(closing: name)), reference: nil)
  }

  /// Asks how the controller fares. Ends with a `diagnosis` event.
  public mutating func queryDiagnosis() { diagnosis.begin(.diagnosis, reference: nil) }

  /// Asks for the payload of a code that the merchant shows, made out of the acquirer's `template`
  /// for one payment. Ends with a `response` to `code`; `withPayload` shows it. False when the
  /// template is longer than 512 bytes.
  public mutating func makeCode(
    _ reference: Reference, amount: UInt64, currency: UInt16, exponent: UInt8,
    template: Span<UInt8>
  ) -> Bool {
    self.template.removeAll()
    do { try self.template.append(template) } catch { return false }
    let request = CodeRequest(
      reference: reference, amount: amount, currency: currency, exponent: exponent,
      template: 0..<template.count)
    code.begin(.code(request), reference: reference)
    return true
  }

  /// Tells the controller the time, milliseconds since 1970; it answers with `linkUp`. Every new
  /// session starts with the time once it was told.
  public mutating func tell(unixMilliseconds: UInt64, now: Instant) {
    clock = (unixMilliseconds, now)
    time.begin(.time(unixMilliseconds: nil), reference: nil)
  }

  /// The controller cannot read requests of this type: saying it again would not help.
  mutating func stop(asking type: UInt64) {
    switch MessageType(rawValue: type) {
    case .payment: payment.end()
    case .abort: abort.end()
    case .transactionStatus: status.end()
    case .outcome: outcome.end()
    case .choice: choice.end()
    case .totalsRequest: totals.end()
    case .diagnosisRequest: diagnosis.end()
    case .code: code.end()
    case .time, .acknowledgement, .returnedRecord, .response, .event, .record,
      .transactionStatusResponse, .boot, .totals, .diagnosis, .recall, .error, nil:
      break
    }
  }

  /// Stops asking for whatever has not been answered.
  public mutating func cancelRequests() {
    payment.end()
    abort.end()
    status.end()
    outcome.end()
    choice.end()
    totals.end()
    diagnosis.end()
    code.end()
  }
}
