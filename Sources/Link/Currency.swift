// How many decimal places a currency has: a price in yen sent with two of them is a hundred times
// too low, and nobody sees it before the customer does.

/// Decimal places of ISO 4217 currencies.
public enum Currency {
  /// The places of the currency with this numeric code. Codes without an entry have two, as all
  /// but those listed here have (ISO 4217 list one, as of 2025).
  public static func exponent(_ numericCode: UInt16) -> UInt8 {
    switch numericCode {
    // BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF
    case 108, 152, 262, 324, 352, 392, 174, 410, 600, 646, 800, 940, 704, 548, 950, 952, 953: 0
    // BHD IQD JOD KWD LYD OMR TND
    case 48, 368, 400, 414, 434, 512, 788: 3
    // CLF UYW
    case 990, 927: 4
    default: 2
    }
  }
}
