# SPDX-License-Identifier: BSD-2-Clause
# bash completion for causeway: commands, options and elements are asked of the tool itself, so that they are always those
# that it has.

_causeway_commands() {
    "$1" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'
}

_causeway() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_causeway_commands "$1") --help --version" -- "$current")
        return
    fi
    case $command:$previous in
    *:--board | *:-b)
        local folder
        folder=$(dirname "$(realpath "$(command -v "$1")")")
        mapfile -t COMPREPLY < <(cd "$folder/boards" 2>/dev/null && compgen -W "$(printf '%s\n' *.mk | sed 's/\.mk$//')" -- "$current")
        return
        ;;
    *:--define | *:-D | *:--uplink | *:-u) return ;;
    help:*)
        mapfile -t COMPREPLY < <(compgen -W "$("$1" help 2>/dev/null | sed -n 's/^ *<\{0,1\}\([a-z_]*\)>\{0,1\}  .*/\1/p')" -- "$current")
        return
        ;;
    esac
    case $current in
    -*)
        mapfile -t COMPREPLY < <(compgen -W "$("$1" "$command" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u)" -- "$current")
        ;;
    *)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -X '!*.@(system|elf|dtb|policy)' -- "$current"
            compgen -d -- "$current")
        ;;
    esac
}
complete -F _causeway causeway
