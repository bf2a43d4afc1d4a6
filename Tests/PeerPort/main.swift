// Our side of the peer tests: Tests/peers drives this program over its standard streams and judges
// what it says with software that nobody here wrote.

import Foundation

let arguments = CommandLine.arguments.dropFirst()
switch arguments.first {
case "record": try answerRecordRequests()
case "dukpt": try dukptPeer(Array(arguments.dropFirst()))
case "dukpt-all": try dukptAll()
case "vault-speed": try vaultSpeed()
case "keyblock": try keyBlockPeer(Array(arguments.dropFirst()))
case "frames": Frames.run()
case "pairing": try PairingPeer.run()
case "noise": try Noise.run(Array(arguments.dropFirst()))
case "codes": try answerCodeRequests()
case "display": answerDisplayRequests()
case "concert": runConcertPort(Array(arguments.dropFirst()))
default:
  FileHandle.standardError.write(Data("peerport: no such peer\n".utf8))
  exit(2)
}
