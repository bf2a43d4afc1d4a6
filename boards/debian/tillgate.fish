# Completion of tillgate(8) for fish.
set -l commands run check doctor bench keys pair log version
set -l keys load pair status erase
set -l pair open close list remove
set -l log key checkpoint verify show prove export new-origin

# Whether the command line begins with one of these commands; with a verb, one of these verbs.
function __tillgate_command
    set -l words (commandline -opc)
    test (count $words) -ge 2; and contains -- $words[2] $argv
end
function __tillgate_verb
    set -l words (commandline -opc)
    test (count $words) -ge 3; and test $words[2] = $argv[1]; and contains -- $words[3] $argv[2..-1]
end
function __tillgate_words
    test (count (commandline -opc)) -eq $argv[1]
end

complete -c tillgate -n '__tillgate_words 1' -f -a "$commands"
complete -c tillgate -n '__tillgate_words 2; and __tillgate_command keys' -f -a "$keys"
complete -c tillgate -n '__tillgate_words 2; and __tillgate_command pair' -f -a "$pair"
complete -c tillgate -n '__tillgate_words 2; and __tillgate_command log' -f -a "$log"
complete -c tillgate -n '__tillgate_command doctor' -l json -d 'for programs'
complete -c tillgate -n '__tillgate_command doctor' -l cut-test -d 'write until the power is cut'
complete -c tillgate -n '__tillgate_command doctor' -l cut-result -x -d 'last number seen'
complete -c tillgate -n '__tillgate_command bench' -l seconds -x -d 'how long'
complete -c tillgate -n '__tillgate_command bench' -l save -r -d 'file for the numbers'
complete -c tillgate -n '__tillgate_command keys pair log' -l state -x \
    -a '(__fish_complete_directories)' -d 'state directory'
complete -c tillgate -n '__tillgate_verb keys load' -l protection-key -r
complete -c tillgate -n '__tillgate_verb keys load' -l block -r -d 'TR-31 key block'
complete -c tillgate -n '__tillgate_verb keys load' -l replace -d 'drop the keys that are left'
complete -c tillgate -n '__tillgate_verb keys pair' -l keys -r -d 'keys of the pairing'
complete -c tillgate -n '__tillgate_verb keys erase' -l yes -d 'erase without asking'
complete -c tillgate -n '__tillgate_verb log show prove' -l index -x -d 'one record'
complete -c tillgate -n '__tillgate_verb log prove' -l from -x -d 'an earlier size'
complete -c tillgate -n '__tillgate_verb log export' -l tiles -x \
    -a '(__fish_complete_directories)' -d 'folder for the tiles'
complete -c tillgate -n '__tillgate_verb log new-origin' -l yes -d 'end this log'
complete -c tillgate -n '__tillgate_verb log key checkpoint show prove export' -l log -x \
    -d 'which log, from 1'
complete -c tillgate -n '__tillgate_verb log checkpoint prove export' -l size -x \
    -d 'its first records only'
