// What the customer reads, by EMV's message identifiers (EMV contactless Book A, section 9.4), in
// every language the program speaks. Static tables: the firmware has no heap to build text in.

import Octets

/// A language that prompts are written in. Raw values are the order of the board file's choices.
public enum Language: UInt8, Sendable, BitwiseCopyable {
  case english = 0
  case german = 1
  case french = 2
  case spanish = 3
  case chinese = 4
  case japanese = 5

  static let count = 6

  /// Two letters of ISO 639-1, lower case. Chinese is in simplified characters.
  public var code: StaticString {
    switch self {
    case .english: "en"
    case .german: "de"
    case .french: "fr"
    case .spanish: "es"
    case .chinese: "zh"
    case .japanese: "ja"
    }
  }

  /// The language of two letters, upper or lower case; nil when the program does not speak it.
  public init?(code: Span<UInt8>) {
    guard code.count == 2 else { return nil }
    for raw in 0..<UInt8(Self.count) {
      guard let language = Language(rawValue: raw) else { continue }
      let isSame = withLiteral(language.code) { letters in
        letters[0] == code[0] | 0x20 && letters[1] == code[1] | 0x20
      }
      if isSame {
        self = language
        return
      }
    }
    return nil
  }

  /// The first of up to four languages that the program speaks: tag `5F2D` of a card or code, in
  /// the cardholder's order. Nil when it speaks none of them.
  public init?(preferences: Span<UInt8>) {
    var place = 0
    while place + 2 <= min(preferences.count, 8) {
      if let language = Language(code: preferences.extracting(place..<(place + 2))) {
        self = language
        return
      }
      place += 2
    }
    return nil
  }

  /// Between whole units and their hundredths.
  var decimalPoint: UInt8 {
    switch self {
    case .english, .chinese, .japanese: UInt8(ascii: ".")
    case .german, .french, .spanish: UInt8(ascii: ",")
    }
  }
}

/// The texts of prompts. Each line has twenty columns at most, characters of double width counted
/// twice; the first says everything when an amount takes the place of the second.
public enum PromptText {
  /// EMV's identifier for an empty display.
  public static let clear: UInt8 = 0x1E
  /// Ours, above EMV's range: a payment code is wanted, and one was refused as used.
  public static let showCode: UInt8 = 0x80
  public static let codeUsed: UInt8 = 0x81
  /// Ours: whoever pairs a register is to type the code that stands below.
  public static let pairingCode: UInt8 = 0x82

  /// Shows the two lines of `prompt` in UTF-8, the second perhaps empty. Both are empty for a
  /// prompt that has no text.
  public static func withLines<R>(
    of prompt: UInt8, in language: Language, _ body: (Span<UInt8>, Span<UInt8>) -> R
  ) -> R {
    withLines(of: prompt, in: table(language), body)
  }

  /// As `withLines`, in half-width katakana: what displays of one byte for a character have.
  static func withKatakana<R>(
    of prompt: UInt8, _ body: (Span<UInt8>, Span<UInt8>) -> R
  ) -> R {
    withLines(of: prompt, in: katakana, body)
  }

  /// A table has a line for each prompt: its identifier in hexadecimal, a blank, and the text, in
  /// which `|` parts the two lines.
  private static func withLines<R>(
    of prompt: UInt8, in table: StaticString, _ body: (Span<UInt8>, Span<UInt8>) -> R
  ) -> R {
    withLiteral(table) { table in
      var start = 0
      while start < table.count {
        var (end, bar) = (start, -1)
        while end < table.count, table[end] != UInt8(ascii: "\n") {
          if table[end] == UInt8(ascii: "|") { bar = end }
          end += 1
        }
        if isEntry(prompt, at: start, in: table) {
          let first = table.extracting((start + 3)..<(bar < 0 ? end : bar))
          return body(first, table.extracting((bar < 0 ? end : bar + 1)..<end))
        }
        start = end + 1
      }
      return body(table.extracting(0..<0), table.extracting(0..<0))
    }
  }

  private static func isEntry(_ prompt: UInt8, at start: Int, in table: Span<UInt8>) -> Bool {
    table[start] == Hex.digit(prompt >> 4) && table[start + 1] == Hex.digit(prompt)
  }

  private static func table(_ language: Language) -> StaticString {
    switch language {
    case .english: english
    case .german: german
    case .french: french
    case .spanish: spanish
    case .chinese: chinese
    case .japanese: japanese
    }
  }

  private static var english: StaticString {
    """
    03 Approved|Thank you
    07 Not authorised
    10 Please remove card
    14 Welcome
    15 Present card
    16 Processing|Please wait
    17 Card read OK|Please remove card
    18 Insert or swipe card
    19 One card only|Please try again
    1A Approved|Please sign
    1B Authorising|Please wait
    1C Try another card
    1D Please insert card
    20 See phone|for instructions
    21 Present card again
    80 Show payment code
    81 Code already used
    82 Pairing code
    """
  }

  private static var german: StaticString {
    """
    03 Genehmigt|Vielen Dank
    07 Nicht genehmigt
    10 Karte entfernen
    14 Willkommen
    15 Karte vorhalten
    16 Verarbeitung|Bitte warten
    17 Karte gelesen|Karte entfernen
    18 Karte stecken/ziehen
    19 Nur eine Karte|vorhalten
    1A Genehmigt|Bitte unterschreiben
    1B Autorisierung|Bitte warten
    1C Andere Karte bitte
    1D Karte einstecken
    20 Bitte Telefon|beachten
    21 Nochmals vorhalten
    80 Zahlcode vorzeigen
    81 Code schon benutzt
    82 Kopplungscode
    """
  }

  private static var french: StaticString {
    """
    03 Paiement accepté|Merci
    07 Non autorisé
    10 Retirez la carte
    14 Bienvenue
    15 Présentez la carte
    16 Traitement en cours|Veuillez patienter
    17 Carte lue|Retirez la carte
    18 Insérez ou glissez
    19 Une seule carte|à la fois
    1A Paiement accepté|Veuillez signer
    1B Autorisation|Veuillez patienter
    1C Autre carte, SVP
    1D Insérez la carte
    20 Consultez votre|téléphone
    21 Représentez la carte
    80 Présentez votre code
    81 Code déjà utilisé
    82 Code d'association
    """
  }

  private static var spanish: StaticString {
    """
    03 Pago aprobado|Gracias
    07 No autorizado
    10 Retire la tarjeta
    14 Bienvenidos
    15 Acerque la tarjeta
    16 Procesando|Espere, por favor
    17 Tarjeta leída|Retire la tarjeta
    18 Inserte o deslice
    19 Presente una sola|tarjeta
    1A Pago aprobado|Firme, por favor
    1B Autorizando|Espere, por favor
    1C Pruebe otra tarjeta
    1D Inserte la tarjeta
    20 Consulte su|teléfono
    21 Acérquela otra vez
    80 Muestre su código
    81 Código ya utilizado
    82 Código de enlace
    """
  }

  private static var chinese: StaticString {
    """
    03 交易批准|谢谢
    07 交易未授权
    10 请移开卡片
    14 欢迎光临
    15 请出示卡片
    16 处理中|请稍候
    17 读卡成功|请移开卡片
    18 请插卡或刷卡
    19 请只出示一张卡
    1A 交易批准|请签名
    1B 授权中|请稍候
    1C 请换另一张卡
    1D 请插卡
    20 请按手机提示操作
    21 请再次出示卡片
    80 请出示付款码
    81 付款码已使用
    82 配对码
    """
  }

  private static var japanese: StaticString {
    """
    03 承認されました|ありがとうございます
    07 承認されませんでした
    10 カードをお取り下さい
    14 いらっしゃいませ
    15 カードをタッチ
    16 処理中です|お待ちください
    17 読み取り完了|カードをお取り下さい
    18 挿入またはスワイプ
    19 カードは一枚だけ
    1A 承認されました|ご署名ください
    1B 承認中です|お待ちください
    1C 別のカードをどうぞ
    1D カードを挿入
    20 携帯電話を|ご確認ください
    21 もう一度タッチ
    80 コードをご提示下さい
    81 使用済みのコードです
    82 登録コード
    """
  }

  private static var katakana: StaticString {
    """
    03 ｼｮｳﾆﾝ ｻﾚﾏｼﾀ|ｱﾘｶﾞﾄｳ ｺﾞｻﾞｲﾏｽ
    07 ｼｮｳﾆﾝ ｻﾚﾏｾﾝﾃﾞｼﾀ
    10 ｶｰﾄﾞｦ ｵﾄﾘｸﾀﾞｻｲ
    14 ｲﾗｯｼｬｲﾏｾ
    15 ｶｰﾄﾞｦ ﾀｯﾁ
    16 ｼｮﾘﾁｭｳ|ｵﾏﾁｸﾀﾞｻｲ
    17 ﾖﾐﾄﾘ ｶﾝﾘｮｳ|ｶｰﾄﾞｦ ｵﾄﾘｸﾀﾞｻｲ
    18 ｿｳﾆｭｳ ﾏﾀﾊ ｽﾜｲﾌﾟ
    19 ｶｰﾄﾞﾊ 1ﾏｲﾀﾞｹ
    1A ｼｮｳﾆﾝ ｻﾚﾏｼﾀ|ｺﾞｼｮﾒｲ ｸﾀﾞｻｲ
    1B ｼｮｳﾆﾝﾁｭｳ|ｵﾏﾁｸﾀﾞｻｲ
    1C ﾍﾞﾂﾉ ｶｰﾄﾞｦ ﾄﾞｳｿﾞ
    1D ｶｰﾄﾞｦ ｿｳﾆｭｳ
    20 ｹｲﾀｲﾃﾞﾝﾜｦ|ｺﾞｶｸﾆﾝ ｸﾀﾞｻｲ
    21 ﾓｳｲﾁﾄﾞ ﾀｯﾁ
    80 ｺｰﾄﾞｦ ｵﾐｾｸﾀﾞｻｲ
    81 ｼﾖｳｽﾞﾐ ｺｰﾄﾞ ﾃﾞｽ
    82 ﾄｳﾛｸ ｺｰﾄﾞ
    """
  }
}
