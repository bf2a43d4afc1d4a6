// The three letters of a currency, which customers know it by.

import Octets

/// ISO 4217 list one, as of 2025, without funds and precious metals: number and letters in a row.
enum CurrencyCode {
  private static var table: StaticString {
    """
    008ALL012DZD032ARS036AUD044BSD048BHD050BDT051AMD052BBD060BMD064BTN068BOB072BWP\
    084BZD090SBD096BND104MMK108BIF116KHR124CAD132CVE136KYD144LKR152CLP156CNY170COP\
    174KMF188CRC192CUP203CZK208DKK214DOP222SVC230ETB232ERN238FKP242FJD262DJF270GMD\
    292GIP320GTQ324GNF328GYD332HTG340HNL344HKD348HUF352ISK356INR360IDR364IRR368IQD\
    376ILS388JMD392JPY398KZT400JOD404KES408KPW410KRW414KWD417KGS418LAK422LBP426LSL\
    430LRD434LYD446MOP454MWK458MYR462MVR480MUR484MXN496MNT498MDL504MAD512OMR516NAD\
    524NPR531XCG532ANG533AWG548VUV554NZD558NIO566NGN578NOK586PKR590PAB598PGK600PYG\
    604PEN608PHP634QAR643RUB646RWF654SHP682SAR690SCR702SGD704VND706SOS710ZAR728SSP\
    748SZL752SEK756CHF760SYP764THB776TOP780TTD784AED788TND800UGX807MKD818EGP826GBP\
    834TZS840USD858UYU860UZS882WST886YER901TWD924ZWG925SLE928VES929MRU930STN933BYN\
    934TMT936GHS938SDG941RSD943MZN944AZN946RON949TRY950XAF951XCD952XOF953XPF967ZMW\
    968SRD969MGA971AFN972TJS973AOA975BGN976CDF977BAM978EUR980UAH981GEL985PLN986BRL
    """
  }

  /// Appends the letters of the currency with this number, or the number where there are none.
  static func append<let capacity: Int>(
    _ number: UInt16, to text: inout Bytes<capacity>
  ) throws(Overflow) {
    let hundreds = UInt8(ascii: "0") + UInt8(number / 100 % 10)
    let tens = UInt8(ascii: "0") + UInt8(number / 10 % 10)
    let units = UInt8(ascii: "0") + UInt8(number % 10)
    try withLiteral(table) { (table) throws(Overflow) in
      var place = 0
      while place < table.count {
        if table[place] == hundreds, table[place + 1] == tens, table[place + 2] == units {
          return try text.append(table.extracting((place + 3)..<(place + 6)))
        }
        place += 6
      }
      try text.append(hundreds)
      try text.append(tens)
      try text.append(units)
    }
  }
}
