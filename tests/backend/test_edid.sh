#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR MIT
#
# test_edid.sh PROGRAM: is what PROGRAM (test_edid) makes for a connector's name
# and size a valid EDID to edid-decode? Above 8K the fields for the range of
# frequencies are too small, which it warns of.
set -euo pipefail

program=$1
names=(id0 'a name of more than 13 characters, with / and %' "$(printf 'n%.0s' {1..4000})")
sizes=(1x1 7x7 320x8 8x2160 640x480 800x600 801x601 1000x700 1024x768 1280x720 1366x768 1600x1200 1920x1080
	2560x1440 3840x2160 4096x2160 5120x2880 7680x4320)
edid=$(mktemp)
trap 'rm -f "$edid"' EXIT

n=0 bad=0
check() {
	local said wrong

	n=$((n + 1))
	"$program" "$1" "$2" >"$edid"
	said=$(edid-decode --check "$edid" 2>&1) || :
	# below the headings of what is wrong; that it takes our name for a number is its own fault
	wrong=$(sed -n '/^Warnings:\|^Failures:/,$p' <<<"$said" | grep '^  ' | grep -v 'possible PNP XEN') || :
	if [[ -z $wrong && $said == *'EDID conformity: PASS'* ]]; then
		echo "ok $n - $2"
	else
		bad=$((bad + 1))
		echo "not ok $n - $2"
		printf '# %s\n' "$wrong" "${said##*$'\n'}"
	fi
}

echo "1..$((${#sizes[@]} + ${#names[@]} - 1))"
for size in "${sizes[@]}"; do
	check id0 "$size"
done
for name in "${names[@]:1}"; do
	check "$name" 1920x1080
done
((bad == 0))
