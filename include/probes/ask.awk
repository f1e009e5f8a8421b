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
function any_exported(names,  i, n, one) {
	n = split(names, one, "|")
	for (i = 1; i <= n; i++)
		if (one[i] in exported)
			return 1
	return 0
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
FILENAME ~ /Module\.symvers$/ {
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
	count = split(questions, list, " ")
	for (i = 1; i <= count; i++) {
		name = list[i]
		sub(/\.c$/, "", name)
		missing = split(needs[name], symbol, " ")
		for (s = 1; s <= missing; s++)
			if (!any_exported(symbol[s])) {
				absent[name] = 1
				text_of[name] = text_of[name] "the kernel does not export " symbol[s] "\n"
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
	printf "%s", answers
}
function base(path) {
	sub(/.*\//, "", path)
	return path
}
