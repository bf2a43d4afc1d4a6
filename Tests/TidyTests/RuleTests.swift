// The rules' own tools, held against text that offends.

import Testing

@Suite("The rules")
struct RuleTests {
  @Test("see code without comments and literals")
  func blanking() {
    let source = #"""
      let a = "x{\(b + "}")y" // {
      /* { /* nested */ } */ let c = #"\("#
      """#
    let code = Blanking.commentsAndLiterals(of: source)
    #expect(code.split(separator: "\n").count == 2)
    #expect(code.contains("(b + \" \")"), "\(code)")
    #expect(code.count { $0 == "{" } == 0 && code.count { $0 == "}" } == 0, "\(code)")
    #expect(code.contains("let c = #\""))
    #expect(Blanking.comments(of: source).contains("x{"))
    #expect(!Blanking.comments(of: source).contains("nested"))
  }

  @Test("count a function's lines and know a requirement from a function")
  func functions() {
    let source = """
      protocol P {
        func required<let n: Int>(_ x: Int) throws(E) -> [Int]
        init(y: Int)
      }
      struct S: P {
        init(y: Int) { self.y = y }
        func f(
          g: () -> Void = { }
        ) -> Int where T: P {
          let z = S.init(y: 1)
          if true {
          }
        }
      }
      """
    let bodies = FunctionBody.all(in: source)
    #expect(bodies.map(\.line) == [6, 7])
    #expect(bodies.map(\.length) == [1, 7])
  }

  @Test(
    "know a card number",
    arguments: [
      ("pan 4111111111111111", ["4111111111111111"]),
      ("%B4111111111111111^A/B^2512", ["4111111111111111"]),
      (";4111111111111111=2512?", ["4111111111111111"]),
      ("4111111111111112", []),
      ("9F8A4111111111111111", []),
      ("41111111111111111111", []),
      ("1700000000000000000", []),
    ])
  func cardNumbers(_ line: String, _ numbers: [String]) {
    #expect(CardNumber.all(in: line) == numbers)
  }

  @Test("see the repository")
  func tree() {
    #expect(Tree.shipping.count > 10)
    #expect(Tree.files.contains { $0.path == "boards/virtual/board.ini" })
    #expect(CardNumber.ofTestCards.allSatisfy(CardNumber.passesLuhn))
  }
}
