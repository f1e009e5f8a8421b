# SPDX-License-Identifier: GPL-2.0 OR MIT
# shellcheck shell=bash
# Completion of xen-display(1).

_xen_display()
{
	local word=${COMP_WORDS[COMP_CWORD]} verb='' at=0 i guests='' file

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--run-dir) ((i += 1)) ;;
		-*) ;;
		*)
			verb=${COMP_WORDS[i]} at=$((COMP_CWORD - i))
			break
			;;
		esac
	done
	for file in /run/xen-display/*.control; do
		[[ ! -S $file ]] || guests+="$(basename "$file" .control) "
	done
	COMPREPLY=()
	case $verb,$at in
	,*) mapfile -t COMPREPLY < <(compgen -W "list picture type add-input log --run-dir --help --version" -- "$word") ;;
	picture,1 | type,1) mapfile -t COMPREPLY < <(compgen -W "$guests" -- "$word") ;;
	add-input,1) mapfile -t COMPREPLY < <(compgen -W "$(xl list 2>/dev/null | awk 'NR > 2 { print $1 }')" -- "$word") ;;
	picture,2) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	log,*) mapfile -t COMPREPLY < <(compgen -W "--boot --follow --lines= --since= --priority=" -- "$word") ;;
	esac
}
complete -o filenames -F _xen_display xen-display
