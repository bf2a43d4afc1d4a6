// `tillgate doctor BOARD.ini`: looks at everything a kiosk depends on, and says what to do about
// what is not right. Module Doctor judges; here the facts are gathered.

import CLinux
import Doctor
import LinuxBoard
import Octets
import Profile
import Vault

func doctor(_ arguments: Arguments) -> Int32 {
  guard let options = DoctorOptions(arguments) else {
    Console.error.print(
      "usage: tillgate doctor BOARD.ini [--json] [--cut-test | --cut-result NUMBER]")
    return Exit.usage
  }
  guard let profile = readProfile(arguments, options) else { return Exit.failure }
  if options.task == .cutTest { return cutTest(profile) }
  var examination = Examination(profile, isForPrograms: options.isForPrograms)
  if case .cutResult(let promised) = options.task {
    examination.lookAtCut(promised: promised)
  } else {
    examination.lookAtAll()
  }
  return examination.report.end()
}

/// The board file; nil when something is wrong in it, all of which was said.
private func readProfile(_ arguments: Arguments, _ options: DoctorOptions) -> BoardProfile? {
  guard options.isForPrograms else { return readProfile(1, arguments) }
  if let profile = readProfile(1, arguments, { _, _ in }) { return profile }
  var report = DoctorReport(isForPrograms: true, board: nil)
  _ = readProfile(1, arguments) { number, addFault in
    var object = Line()
    object.add(place: 1, arguments, number)
    object.add(" ")
    addFault(&object)
    report.add(BoardFacts.unreadable, about: object)
  }
  _ = report.end()
  return nil
}

/// The command line after `doctor BOARD.ini`.
private struct DoctorOptions {
  enum Task: Equatable {
    case everything
    case cutTest
    case cutResult(UInt64)
  }

  var task = Task.everything
  var isForPrograms = false

  init?(_ arguments: Arguments) {
    guard arguments.count >= 2 else { return nil }
    var index = 2
    while index < arguments.count {
      if arguments.word(index, is: "--json") {
        isForPrograms = true
      } else if arguments.word(index, is: "--cut-test"), task == .everything {
        task = .cutTest
      } else if arguments.word(index, is: "--cut-result"), task == .everything,
        let number = arguments.number(index + 1)
      {
        task = .cutResult(number)
        index += 1
      } else {
        return nil
      }
      index += 1
    }
  }
}

/// Writes numbered records, and says each number when its record is durable, until the power goes.
private func cutTest(_ profile: BoardProfile) -> Int32 {
  Signal.hold()
  let directory = profile.storage.withPointer { tg_open_directory($0, 0) }
  let file = directory < 0 ? directory : tg_cut_begin(directory)
  var number: UInt64 = 0
  var result = file
  while result >= 0, Signal.wait(upTo: .milliseconds(0)) == nil {
    number += 1
    result = tg_cut_write(file, number)
    guard result >= 0 else { break }
    var line = Line()
    line.add(number)
    line.print()
  }
  guard result < 0 else { return Exit.success }
  var line = Line()
  line.add("tillgate doctor: ")
  profile.storage.withBytes { line.add($0) }
  line.add(": ")
  line.add(text: tg_error_text(-result))
  line.print(to: .error)
  return Exit.failure
}

extension Arguments {
  /// Word `index` as a decimal number of at most 18 digits.
  func number(_ index: Int) -> UInt64? {
    (withWord(index) { decimal($0) }) ?? nil
  }
}
