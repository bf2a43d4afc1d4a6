# Completion of tillgate(8) for bash.
_tillgate() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local command=${COMP_WORDS[1]-} options=
  COMPREPLY=()
  case $COMP_CWORD:$before in
  1:*)
    mapfile -t COMPREPLY < <(compgen -W 'run check doctor bench keys pair version' -- "$word")
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
  *:--state)
    mapfile -t COMPREPLY < <(compgen -d -- "$word")
    return
    ;;
  *:--seconds | *:--cut-result) return ;;
  esac
  case $command in
  doctor) options='--json --cut-test --cut-result' ;;
  bench) options='--seconds --save' ;;
  keys) options='--state --protection-key --block --replace --keys --yes' ;;
  pair) options='--state' ;;
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
}
complete -o filenames -F _tillgate tillgate
