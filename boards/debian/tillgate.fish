# Completion of tillgate(8) for fish.
set -l commands run check doctor bench keys pair version
set -l verbs load pair status erase
complete -c tillgate -n "not __fish_seen_subcommand_from $commands" -f -a "$commands"
complete -c tillgate -n "__fish_seen_subcommand_from keys; and not __fish_seen_subcommand_from $verbs" \
    -f -a "$verbs"
complete -c tillgate -n "__fish_seen_subcommand_from pair; and not __fish_seen_subcommand_from keys open close list remove" \
    -f -a 'open close list remove'
complete -c tillgate -n '__fish_seen_subcommand_from doctor' -l json -d 'for programs'
complete -c tillgate -n '__fish_seen_subcommand_from doctor' -l cut-test -d 'write until the power is cut'
complete -c tillgate -n '__fish_seen_subcommand_from doctor' -l cut-result -x -d 'last number seen'
complete -c tillgate -n '__fish_seen_subcommand_from bench' -l seconds -x -d 'how long'
complete -c tillgate -n '__fish_seen_subcommand_from bench' -l save -r -d 'file for the numbers'
complete -c tillgate -n '__fish_seen_subcommand_from keys' -l state -x -a '(__fish_complete_directories)'
complete -c tillgate -n '__fish_seen_subcommand_from load' -l protection-key -r
complete -c tillgate -n '__fish_seen_subcommand_from load' -l block -r
complete -c tillgate -n '__fish_seen_subcommand_from load' -l replace -d 'drop the keys that are left'
complete -c tillgate -n '__fish_seen_subcommand_from pair' -l keys -r
complete -c tillgate -n '__fish_seen_subcommand_from erase' -l yes
