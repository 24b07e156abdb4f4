#compdef hardway
# zsh completion for hardway: source <(hardway completion zsh)
_hardway() {
  local -a words_before options
  words_before=("${(@)words[1,CURRENT-1]}")
  [[ ${words[CURRENT]} == -* ]] && words_before+=("${words[CURRENT]}")
  options=("${(@f)$("${words_before[@]}" --generate-bash-completion 2>/dev/null)}")
  _describe 'hardway' options
}
compdef _hardway hardway
