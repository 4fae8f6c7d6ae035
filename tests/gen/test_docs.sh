#!/bin/sh
# Manual pages and shell completion, as the tools read them that they are for.
set -u
B=${B:-build}
tmp=$(mktemp -d)
. tests/check.sh
trap 'rm -rf "$tmp" "$check_said"' EXIT

quiet() { # COMMAND...: succeeds and says nothing
	said=$("$@" 2>&1) && [ -z "$said" ] || { echo "$said"; return 1; }
}
offers() { # WANT WORD...: what bash offers for the last word
	want=$1
	shift
	got=$(bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _overlayctl; echo "${COMPREPLY[*]}"' bash "$B/schema/completion/overlayctl.bash" "$@")
	[ "$got" = "$want" ] || { echo "offered: $got"; return 1; }
}
marks_in_help() { # lines: COMMAND FLAG (MARK)...
	for command in $("$B/bin/overlayctl" help | sed -n '/^Commands/,/^  call/s/^  \([a-z-]*\)  .*/\1/p'); do
		"$B/bin/overlayctl" $command --help | sed -n "s/^  --\([a-z-]*\) [^ ]*/$command \1/p"
	done
}
marks_in_manual() {
	sed -n 's/\\-/-/g; s/^\.SS \([a-z-]*\)$/command \1/p; s/^\.BI --\([a-z-]*\) .*/flag \1/p; s/^(\(optional\|once per item[^)]*\))$/mark (\1)/p' "$B/schema/man/overlayctl-commands.roff" |
		awk '$1 == "command" { command = $2 } $1 == "flag" { printf "%s%s %s", end, command, $2; end = "\n" } $1 == "mark" { sub(/^mark/, ""); printf "%s", $0 } END { print "" }'
}
same_marks() {
	marks_in_help >"$tmp/help" && marks_in_manual >"$tmp/manual" && grep -q '(optional)$' "$tmp/help" && diff "$tmp/help" "$tmp/manual"
}
commands_have_sections() {
	"$B/bin/overlayctl" help | sed -n '/^Commands/,/^  call/s/^  \([a-z-]*\)  .*/\1/p' | while read -r command; do
		[ "$command" = call ] || grep -q "^\.SS $(echo "$command" | sed 's/-/\\\\-/g')$" "$B/man/overlayctl.1" || echo "no section for $command"
	done | { ! grep .; }
}

check "the HTML page has no script and fetches nothing" sh -c '! grep -i -E "<script|<link|<img|src=|url\(|@import| on[a-z]+=" docs/reference.html'
check "it fits a phone" grep -q '<meta name="viewport" content="width=device-width,initial-scale=1">' docs/reference.html
check "overlayctl.1 has a section for each command" commands_have_sections
check "overlayctl.1 and help mark the same flags" same_marks
version_in() { grep -q "overlayd $("$B/bin/overlayctl" --version | cut -d' ' -f2)" "$1"; }
check "the version is in overlayd.8" version_in "$B/man/overlayd.8"
check "the version is in overlayctl.1" version_in "$B/man/overlayctl.1"
if command -v mandoc >/dev/null; then
	for page in overlayd.8 overlayctl.1 overlayd-protocol.7; do
		check "mandoc reads $page" quiet mandoc -T lint -W error "$B/man/$page"
	done
else
	check_skip "mandoc reads the pages" "no mandoc here; make deps-all installs it"
fi
check "bash reads its completion" quiet bash -n "$B/schema/completion/overlayctl.bash"
check "bash offers commands" offers "set-local-node-id set-local-wg-pubkey setup-global-overlay setup-service-overlay" overlayctl --json set
check "bash offers flags" offers "--service" overlayctl --socket x attach-container --se
check "bash offers values" offers "shared" overlayctl setup-service-overlay --mode sh
for shell in zsh fish; do
	case $shell in zsh) file=_overlayctl ;; *) file=overlayctl.fish ;; esac
	if command -v $shell >/dev/null; then
		check "$shell reads its completion" quiet $shell -n "$B/schema/completion/$file"
	else
		check_skip "$shell reads its completion" "no $shell here; make deps-all installs it"
	fi
done
check_end
