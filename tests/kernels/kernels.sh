# SPDX-License-Identifier: GPL-2.0 OR MIT
# shellcheck shell=bash
#
# The kernels under test, shared by the scripts beside this file.

# shellcheck disable=SC2034 # read by the scripts that source this file
all_kernels=(5.10 6.1 6.12 7.2 7.3)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDF_CACHE:-/var/cache/xen-drm-front}
apt_private=$here/../lib/apt-private

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

suite_of() {
	case $1 in
	5.10) echo bullseye ;;
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	7.2) echo forky ;;
	7.3) echo trixie-backports ;;
	*) die "no kernel $1: give one of ${all_kernels[*]}" ;;
	esac
}

# The packages behind a meta package: those whose names match, all the way down.
closure() {
	local suite=$1 match=$2 todo=("$3") seen=" " package next

	while ((${#todo[@]})); do
		package=${todo[0]}
		todo=("${todo[@]:1}")
		[[ $seen != *" $package "* ]] || continue
		seen+="$package "
		printf '%s\n' "$package"
		while read -r next; do
			if [[ $next =~ $match ]]; then
				todo+=("$next")
			fi
		done < <("$apt_private" depends "$suite" "$package")
	done
}

# The ABI name of the newest kernel, e.g. 6.1.0-56-amd64.
newest_abi() {
	"$apt_private" depends "$1" "linux-$2-amd64" |
		sed -n "s/^linux-$2-\([0-9].*-amd64\)\$/\1/p" | head -n 1
}

# One unpacker at a time for each entry; the winner publishes it by a rename.
lock_entry() {
	mkdir -p "$cache/kernels" 2>/dev/null ||
		die "cannot write to $cache: run as root, or set XDF_CACHE to a directory of yours"
	exec 7>"$cache/kernels/$1.lock"
	flock 7
}
