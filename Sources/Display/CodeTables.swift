// Where the characters of our texts stand in the code pages of customer displays: each character in
// UTF-8, followed by its code in hexadecimal. Only what the prompts and amounts need is here.
// Tests/peers/test_display.py holds the tables against Python's codecs.

enum CodeTables {
  /// IBM code page 437.
  static var pc437: StaticString {
    """
    ¡AD£9C¥9D¿A8Ä8EÇ80É90ÑA5Ö99Ü9AßE1à85áA0â83ä84ç87è8Aé82ê88ë89íA1\
    î8Cï8BñA4óA2ô93ö94ù97úA3û96ü81
    """
  }

  /// IBM code page 850; 858 has the euro sign as well.
  static var pc850: StaticString {
    """
    ¡AD£9C¥BE¿A8ÀB7ÁB5Ä8EÇ80ÈD4É90ÍD6ÑA5ÓE0Ö99ÚE9Ü9AßE1à85áA0â83ä84\
    ç87è8Aé82ê88ë89íA1î8Cï8BñA4óA2ô93ö94ù97úA3û96ü81
    """
  }

  /// Windows-1252.
  static var windows1252: StaticString {
    """
    ¡A1£A3¥A5¿BFÀC0ÁC1ÄC4ÇC7ÈC8ÉC9ÍCDÑD1ÓD3ÖD6ÚDAÜDCßDFàE0áE1âE2äE4\
    çE7èE8éE9êEAëEBíEDîEEïEFñF1óF3ôF4öF6ùF9úFAûFBüFCŒ8Cœ9C€80
    """
  }

  /// GB 2312, as in GBK and GB 18030.
  static var gb2312: StaticString {
    """
    一D2BB中D6D0临C1D9交BDBB付B8B6作D7F7使CAB9候BAF2光B9E2再D4D9准D7BC出B3F6\
    刷CBA2功B9A6卡BFA8另C1ED只D6BB名C3FB处B4A6已D2D1开BFAA张D5C5成B3C9或BBF2\
    手CAD6批C5FA按B0B4换BBBB授CADA提CCE1插B2E5操B2D9易D2D7未CEB4机BBFA权C8A8\
    次B4CE欢BBB6款BFEE片C6AC理C0ED用D3C3码C2EB示CABE移D2C6稍C9D4签C7A9请C7EB\
    读B6C1谢D0BB迎D3AD配C5E4对B6D4
    """
  }

  /// JIS X 0208 in Shift_JIS.
  static var shiftJIS: StaticString {
    """
    あ82A0い82A2う82A4お82A8が82AAく82ADけ82AFご82B2さ82B3ざ82B4し82B5す82B7\
    せ82B9ぞ82BCた82BDだ82BEち82BFっ82C1で82C5と82C6ど82C7の82CCは82CDま82DC\
    み82DDも82E0ゃ82E1ら82E7り82E8れ82EAを82F0ん82F1イ8343カ834Aコ8352ス8358\
    タ835Eチ8360ッ8362ド8368プ8376ワ838Fー815B一88EA下89BA中9286了97B9使8E67\
    入93FC処8F88別95CA取8EE6名96BC完8AAE帯91D1度9378待91D2承8FB3挿917D提92F1\
    携8C67枚9687済8DCF理979D用9770確8A6D示8EA6署8F90話9862認9446読93C7電9364\
    登936F録985E
    """
  }

  /// What stands for a letter that the display does not have; `_` stands for nothing.
  static var substitutes: StaticString {
    """
    ¡!_¿?_ÀA_ÁA_ÄAeÇC_ÈE_ÉE_ÍI_ÑN_ÓO_ÖOeÚU_ÜUeßssàa_áa_âa_äaeçc_èe_\
    ée_êe_ëe_íi_îi_ïi_ñn_óo_ôo_öoeùu_úu_ûu_üueŒOeœoe
    """
  }
}
