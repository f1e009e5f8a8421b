# SPDX-License-Identifier: GPL-2.0 OR MIT
#
# What the compiler said, made into answers: see ask.

function broken(what,  i) {
	printf "\nxen_drm_front: cannot ask the headers of kernel %s what they offer:\n", release > "/dev/stderr"
	printf "  %s\n", what > "/dev/stderr"
	for (i = 1; i <= shown; i++)
		printf "  | %s\n", show[i] > "/dev/stderr"
	printf "  Check that the headers are complete and that this compiler can build modules for them;\n" > "/dev/stderr"
	printf "  the compiler's messages are in %s\n\n", log_name > "/dev/stderr"
	failed = 1
	exit 1
}
function incomplete(lacks) {
	printf "\nxen_drm_front: cannot be built for kernel %s: its list of exported symbols is not complete.\n", release > "/dev/stderr"
	printf "  %s has %d symbols, but not%s, which the module cannot load without.\n", symvers, symbols, lacks > "/dev/stderr"
	printf "  Install the headers package of this kernel again, or build the kernel tree completely: modules_prepare\n" > "/dev/stderr"
	printf "  makes no such list.\n\n" > "/dev/stderr"
	failed = 1
	exit 1
}
function any_exported(names,  i, n, one) {
	n = split(names, one, "|")
	for (i = 1; i <= n; i++)
		if (one[i] in exported)
			return 1
	return 0
}
# What a question needs and the kernel does not export: " ONE or ANOTHER, ONE".
function not_exported(name,  count, symbol, i, lacks) {
	count = split(needs[name], symbol, " ")
	for (i = 1; i <= count; i++)
		if (!any_exported(symbol[i])) {
			gsub(/\|/, " or ", symbol[i])
			lacks = lacks (lacks == "" ? " " : ", ") symbol[i]
		}
	return lacks
}
# part 1: the comments of the questions, as FILE:LINE:TEXT
FILENAME ~ /\.notes$/ {
	split($0, part, ":")
	name = part[1]
	sub(/\.c$/, "", name)
	text = $0
	sub(/^[^:]*:[^:]*:/, "", text)
	if (text ~ /needs symbol: /) {
		sub(/.*needs symbol: */, "", text)
		sub(/ *\*\/.*/, "", text)
		count = split(text, symbol, " ")
		for (i = 1; i <= count; i++)
			wanted[symbol[i]] = 1
		gsub(/ +/, "|", text)
		needs[name] = needs[name] " " text
	} else if (text ~ /gives: /) {
		sub(/.*gives: */, "", text)
		sub(/ *\*\/.*/, "", text)
		gives[name] = text
	} else if (text ~ /required: /) {
		sub(/.*required: */, "", text)
		sub(/ *\*\/.*/, "", text)
		required[name] = text
	} else {
		marked[part[2]] = 1
	}
	next
}
# part 2: what the kernel exports
FILENAME == symvers {
	symbols++
	if ($2 in wanted)
		exported[$2] = 1
	next
}
# part 3: what the compiler said
{
	name = ""
	if (match($0, /\/probes\/[a-z0-9_]+\.c:[0-9]+:/)) {
		name = substr($0, RSTART + 8, RLENGTH - 9)
		line = name
		sub(/.*:/, "", line)
		sub(/\.c:.*/, "", name)
		if ($0 !~ /^In file included from|^ *from /)
			text_of[name] = text_of[name] $0 "\n"
	}
	if (/(^|[ :])(fatal )?error: /) {
		# the rest of the batch was not read
		if (/fatal error: /) {
			shown = 1
			show[1] = $0
			stopped = 1
		}
		if (name == "sentinel_fail")
			delete marked[line]
		else if (name == "" || name == "sentinel_pass") {
			if (shown < 5)
				show[++shown] = $0
			stray = 1
		} else
			absent[name] = 1
	} else if (/^[^ ]*(gcc|clang|cc1)[^ ]*: |not found|Killed/ && other < 5) {
		last[++other] = $0
	}
}
END {
	if (failed)
		exit 1
	if (stopped)
		broken("the compiler stopped half way (a question must not include a header that may be missing)")
	if (stray)
		broken("what must compile does not")
	for (line in marked) {
		for (i = 1; i <= other; i++)
			show[++shown] = last[i]
		broken("the compiler accepts what it must reject (sentinel_fail.c, line " line ")")
	}
	lacks = not_exported("sentinel_pass")
	if (lacks != "")
		incomplete(lacks)
	count = split(questions, list, " ")
	for (i = 1; i <= count; i++) {
		name = list[i]
		sub(/\.c$/, "", name)
		lacks = not_exported(name)
		if (name in gives) {
			if (name in absent)
				;
			else if (lacks == "")
				given[gives[name]] = 1
			else
				lost[gives[name]] = lost[gives[name]] lacks
		}
		if (lacks != "") {
			absent[name] = 1
			text_of[name] = text_of[name] "the kernel does not export" lacks "\n"
		}
		if (name in required && name in absent) {
			printf "\nxen_drm_front: cannot be built for kernel %s: it is too old, or too new.\n", release > "/dev/stderr"
			printf "  It lacks %s.\n", required[name] > "/dev/stderr"
			printf "  Supported are Linux 5.4 to 7.3 and kernels with as much backported, such as those of RHEL 8.\n" > "/dev/stderr"
			printf "%s\n", text_of[name] > "/dev/stderr"
			exit 1
		}
		answers = answers sprintf("#define XDF_HAVE_%s %d\n", toupper(name), !(name in absent))
		own = substr(batch, 1, length(batch) - length(base(batch))) name ".log"
		printf "%s: %s\n%s", name, (name in absent) ? "no" : "yes", text_of[name] > own
		close(own)
	}
	for (text in lost)
		if (!(text in given))
			printf "\nxen_drm_front: note: built for kernel %s without %s:\n  its headers have what that takes, but %s lacks%s.\n\n", release, text, symvers, lost[text] > "/dev/stderr"
	printf "%s", answers
}
function base(path) {
	sub(/.*\//, "", path)
	return path
}
