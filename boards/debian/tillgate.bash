# Completion of tillgate(8) for bash.
_tillgate() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local command=${COMP_WORDS[1]-} options=
  COMPREPLY=()
  case $COMP_CWORD:$before in
  1:*)
    mapfile -t COMPREPLY < <(compgen -W 'run check doctor bench keys pair log version' -- "$word")
    return
    ;;
  2:keys)
    mapfile -t COMPREPLY < <(compgen -W 'load pair status erase' -- "$word")
    return
    ;;
  2:pair)
    mapfile -t COMPREPLY < <(compgen -W 'open close list remove --state' -- "$word")
    return
    ;;
  2:log)
    mapfile -t COMPREPLY < <(
      compgen -W 'key checkpoint verify show prove export new-origin' -- "$word")
    return
    ;;
  *:--state | *:--tiles)
    mapfile -t COMPREPLY < <(compgen -d -- "$word")
    return
    ;;
  *:--seconds | *:--cut-result | *:--index | *:--from | *:--log | *:--size) return ;;
  esac
  case "$command ${COMP_WORDS[2]-}" in
  doctor\ *) options='--json --cut-test --cut-result' ;;
  bench\ *) options='--seconds --save' ;;
  keys\ load) options='--state --protection-key --block --replace' ;;
  keys\ pair) options='--state --keys' ;;
  keys\ status) options='--state' ;;
  keys\ erase) options='--state --yes' ;;
  pair\ *) options='--state' ;;
  log\ key) options='--state --log' ;;
  log\ checkpoint) options='--state --log --size' ;;
  log\ verify) options='--state' ;;
  log\ show) options='--state --index --log' ;;
  log\ prove) options='--state --index --from --log --size' ;;
  log\ export) options='--state --tiles --log --size' ;;
  log\ new-origin) options='--state --yes' ;;
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}
complete -o filenames -F _tillgate tillgate
