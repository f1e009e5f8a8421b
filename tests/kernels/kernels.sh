# SPDX-License-Identifier: GPL-2.0 OR MIT
# shellcheck shell=bash
#
# The kernels under test, shared by the scripts beside this file.

# shellcheck disable=SC2034 # read by the scripts that source this file
{
	# Debian's headers for this machine
	all_kernels=(5.10 6.1 6.12 7.2 7.3)
	# the same with PREEMPT_RT, which the lab boots too
	rt_kernels=(6.1-rt 6.12-rt)
	# Debian's source with all checks on, for the lab: see fetch-debug
	debug_kernel=6.12-debug
	# Red Hat's and others, made out of those, until each side of a shim has a
	# kernel: see imitate
	imitations=(bare bare-7.3 5.18 el8.1 el9.0 el9.6)
	# Ubuntu's, Debian's real-time ones and those for other machines, trees made of
	# sources (see fetch-tree), imitations
	more_kernels=(4.18 5.4 5.15 6.8 7.0 el8.3 el8.10 el10.0 "${rt_kernels[@]}" 5.10-arm64 6.1-arm64 6.12-arm64
		7.2-arm64 7.3-arm64 7.3-arm64-16k 6.1-i386 6.1-armhf 7.2-armhf 6.18 7.1 6.1-clang
		6.18-arm64-64k)
}

# a failure inside $() is a failure of the script
shopt -s inherit_errexit

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$("$here/../lib/cache")
apt_private=$here/../lib/apt-private

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

suite_of() {
	local version=${1%-arm64*} of

	for of in rt i386 armhf; do
		version=${version%-"$of"}
	done
	case $version in
	4.18) echo ubuntu-bionic ;;
	5.4) echo ubuntu-focal ;;
	5.10) echo bullseye ;;
	5.15 | 6.8) echo ubuntu-jammy ;;
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	7.0) echo ubuntu-noble ;;
	7.2) echo forky ;;
	7.3) echo trixie-backports ;;
	*) die "no kernel $1: give one of ${all_kernels[*]} ${more_kernels[*]} ${imitations[*]}" ;;
	esac
}

arch_of() {
	case $1 in
	*-arm64*) echo arm64 ;;
	*-i386) echo i386 ;;
	*-armhf) echo armhf ;;
	*) echo amd64 ;;
	esac
}

# What to give make for a kernel, beside its directory; one word a line.
make_flags() {
	# there is no complete list of symbols
	! is_tree "$1" || echo KBUILD_MODPOST_WARN=1
	case $1 in
	*-arm64*) printf '%s\n' ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- ;;
	*-armhf) printf '%s\n' ARCH=arm CROSS_COMPILE=arm-linux-gnueabihf- ;;
	*-i386) printf '%s\n' ARCH=i386 CROSS_COMPILE=i686-linux-gnu- ;;
	*-clang) echo LLVM=1 ;;
	# these name a compiler of their own distribution's
	6.8 | 7.0) echo CC=gcc ;;
	# this compiler is too new for its headers and for its check of the stack
	4.18)
		printf '%s\n' CONFIG_STACK_VALIDATION= cmd_checkdoc=: \
			'KCFLAGS=-Wno-address-of-packed-member -Wno-missing-attributes'
		;;
	# its kernel-doc does not run
	5.4) echo cmd_checkdoc=: ;;
	esac
}

# A source tree's name is longer than its version, or only that is to be had.
is_tree() {
	[[ $1 == 6.18* || $1 == 7.1* || $1 == *-clang ]]
}

is_imitation() {
	grep -qF "like_$1() {" "$here/imitate"
}

# The packages behind a meta package: those whose names match, all the way down.
closure() {
	local suite=$1 match=$2 todo=("$3") seen=" " package next depends

	while ((${#todo[@]})); do
		package=${todo[0]}
		todo=("${todo[@]:1}")
		[[ $seen != *" $package "* ]] || continue
		seen+="$package "
		printf '%s\n' "$package"
		depends=$("$apt_private" depends "$suite" "$package")
		while read -r next; do
			if [[ $next =~ $match ]]; then
				todo+=("$next")
			fi
		done <<<"$depends"
	done
}

# Debian's name for what a key's kernel is configured for: amd64, rt-amd64, arm64-16k.
flavour_of() {
	case $1 in
	*-rt) echo rt-amd64 ;;
	*-i386) echo 686-pae ;;
	*-armhf) echo armmp ;;
	*-arm64*) echo "arm64${1#*-arm64}" ;;
	*) echo amd64 ;;
	esac
}

# newest_abi SUITE headers|image META: the name of the newest kernel, e.g. 6.1.0-56-amd64.
newest_abi() {
	"$apt_private" depends "$1" "$3" |
		sed -n "s/^linux-$2-\([0-9].*-[a-z][a-z0-9-]*\)\$/\1/p" | head -n 1
}

headers_abi() {
	local key=$1 suite=$2

	case $key in
	5.10-arm64)
		# of this suite's later ones only those for amd64 are on all mirrors
		"$apt_private" newest "$suite" 'linux-headers-5[.]10[.]0-[12]?[0-9]-arm64|linux-headers-5[.]10[.]0-3[0-2]-arm64' |
			sed 's/^linux-headers-//; s/ .*//'
		;;
	4.18)
		# of a series that has gone on, as Red Hat's has not
		"$apt_private" newest "$suite" 'linux-headers-4[.]18[.]0-.*-generic' |
			sed 's/^linux-headers-//; s/ .*//'
		;;
	6.8) newest_abi "$suite" headers linux-headers-generic-hwe-22.04 ;;
	7.0) newest_abi "$suite" headers linux-headers-generic-hwe-24.04 ;;
	5.4 | 5.15) newest_abi "$suite" headers linux-headers-generic ;;
	*) newest_abi "$suite" headers "linux-headers-$(flavour_of "$key")" ;;
	esac
}

# One unpacker at a time for each entry; the winner publishes it by a rename.
lock_entry() {
	"$here/../lib/cache" kernels >/dev/null || exit 1
	exec 7>"$cache/kernels/$1.lock"
	flock 7
}

# A kernel's source out of a package, but for what takes most of the room and is of
# no use here.
unpack_source() {
	local file=$1 tree=$2

	printf 'unpacking %s ...\n' "${file##*/}" >&2
	rm -rf "$tree.tmp"
	mkdir -p "$tree.tmp"
	case $file in
	*.deb) dpkg-deb --fsys-tarfile "$file" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' ;;
	*) cat "$file" ;;
	esac | tar -xJ -C "$tree.tmp" --strip-components=1 --wildcards \
		--exclude='*/drivers/gpu/drm/amd/*.[ch]' --exclude='*/drivers/net/*.[ch]' \
		--exclude='*/drivers/media/*.[ch]' --exclude='*/sound/*.[ch]' \
		--exclude='*/arch/*/boot/dts/*.dts*' --exclude='*/tools/testing/*' \
		--exclude='*/Documentation/*.rst' --exclude='*/Documentation/*.yaml'
	mv "$tree.tmp" "$tree"
}

# Headers are configured for the compiler that built their kernel. Take back
# what this machine's compiler cannot do; none of it changes the layout of a
# structure or the way functions are called.
fit_compiler() {
	local src=$1 conf=$1/include/config/auto.conf header=$1/include/generated/autoconf.h
	local config code flag cc=$2

	while IFS='|' read -r config flag code; do
		grep -q "^$config=" "$conf" || continue
		if ! "$cc" -Werror -Wall ${flag:+"$flag"} -x c -c -o /dev/null - <<<"$code" 2>/dev/null; then
			sed -i "/^$config=/d" "$conf"
			sed -i "/^#define $config /d" "$header"
		fi
	done <<'END'
CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT|-fmin-function-alignment=16|int x;
CONFIG_CC_HAS_SANE_FUNCTION_ALIGNMENT|-fmin-function-alignment=16|int x;
CONFIG_CC_OPT_INLINE_MEMSET|-finline-stringops=memset|int x;
CONFIG_CC_HAS_ASSUME||void f(int x); void f(int x) { __attribute__((__assume__(x))); }
CONFIG_CC_HAS_COUNTED_BY||struct s { int n; int a[] __attribute__((__counted_by__(n))); };
CONFIG_CC_HAS_COUNTED_BY_PTR||struct s { int n; int *a __attribute__((__counted_by__(n))); };
CONFIG_CC_HAS_MULTIDIMENSIONAL_NONSTRING||char a[][2] __attribute__((__nonstring__)) = { "ab" };
END
	# Type information of modules needs pahole and the whole vmlinux. Only make
	# may forget it: struct module has fields for it.
	sed -i '/^CONFIG_DEBUG_INFO_BTF_MODULES=/d; s/^CONFIG_PAHOLE_VERSION=.*/CONFIG_PAHOLE_VERSION=0/' \
		"$conf"
	rm -f "$src/vmlinux"
}

# Build tools of newer suites want a newer C library than this machine may
# have: give those that fail here their own suite's. DIR is where tools are.
fit_tools() {
	local root=$1 suite=$2 package=$3 dir=$4 tool name lib
	local -a stale=() libraries=()

	while read -r tool; do
		[[ $(head -c 4 "$tool") == $'\x7fELF' ]] || continue
		# not by a pipe, which ldd may find closed
		if [[ $(ldd "$tool" 2>&1) == *"not found"* ]]; then
			stale+=("$tool")
		fi
	done < <(find "$dir" -type f -perm -u+x)
	((${#stale[@]})) || return 0

	closure "$suite" '^(lib(c6|elf|dw|zstd|ssl|bz2|lzma|gcc-s)|zlib1g)' "$package" >"$root/libs.list"
	mapfile -t libraries < <(grep -v '^linux-' "$root/libs.list")
	"$apt_private" fetch "$suite" "${libraries[@]}" >"$root/libs.debs"
	while read -r lib; do
		dpkg-deb -x "$lib" "$root/libs"
	done <"$root/libs.debs"
	for tool in "${stale[@]}"; do
		name=${tool##*/}
		mkdir -p "${tool%/*}/.own"
		mv "$tool" "${tool%/*}/.own/$name"
		# found relative to itself, so the entry can be moved
		cat >"$tool" <<-'END'
			#!/bin/bash
			# runs the real tool with the C library it was built for
			self=$(readlink -f "$0")
			root=${self%/usr/lib/linux-kbuild*}
			root=${root%/usr/src/*}
			libs=$(printf '%s:' "$root"/libs/{usr/,}lib/x86_64-linux-gnu)
			for ld in "$root"/libs/{usr/,}lib/x86_64-linux-gnu/ld-linux-x86-64.so.2; do
				[ ! -e "$ld" ] || exec "$ld" --library-path "$libs" --argv0 "$0" \
					"${self%/*}/.own/${self##*/}" "$@"
			done
			echo "$0: no C library below $root/libs" >&2
			exit 127
		END
		chmod +x "$tool"
	done
}
