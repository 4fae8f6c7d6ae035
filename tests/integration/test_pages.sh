#!/bin/sh
# What a newcomer is told to type prints what the pages show.
set -u
. tests/check.sh
check_needs_tun
check_in_namespaces
B=$(cd "${B:-build}" && pwd)
PATH=$PATH:/usr/sbin:/sbin

page() { python3 tests/integration/page.py "$1" "$2" "$B/bin"; }

check "README: five minutes" page README.md "Five minutes"
check "dedicated services on two nodes" page docs/dedicated.md "On two nodes"
check_end
