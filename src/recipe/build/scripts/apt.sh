export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a APT_LISTCHANGES_FRONTEND=none
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# Whoever installs at the same time, as unattended upgrades do on a new server, is waited for, and so is a mirror that does
# not answer: a quarter of an hour at most.
apt_get() {
last=$(($(date +%s) + 900)) told=
while :; do
{ apt-get -y -q -o DPkg::Lock::Timeout=60 -o Acquire::Retries=3 -o APT::Update::Error-Mode=any -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null && rm -f "$work/failed" || echo failed >"$work/failed"; } 2>&1 | tee "$work/said"
[ -e "$work/failed" ] || return 0
if grep -Eqi 'no space left on device|enough free space' "$work/said"; then
echo "the disk of this server is full: $(df -Pm / /var | awk 'NR > 1 { print $6 " has " $4 " MB free" }' | sort -u | tr '\n' ';')" >&2; return 1
elif grep -Eqi 'could not get lock|unable to (acquire|lock)' "$work/said"; then
holder=$(sed -n 's/.*held by process \([0-9]* ([^)]*)\).*/\1/p' "$work/said" | tail -n 1)
why="another program${holder:+, process $holder,} installs packages and holds apt's lock"
elif grep -Eqi 'failed to fetch|unable to fetch|could not resolve|temporary failure|could not connect|unable to connect|connection failed|index files failed' "$work/said"; then why="a mirror of packages does not answer"
elif grep -q 'dpkg --configure -a' "$work/said"; then why="an earlier installation was cut off"; dpkg --configure -a </dev/null || return 1
else return 1; fi
if [ "$(date +%s)" -ge "$last" ]; then echo "$why, for a quarter of an hour" >&2; return 1; fi
if [ "$told" != "$why" ]; then echo "$why: waiting"; told=$why; fi
sleep 5
done
}
lacking() {
for package in "$@"; do
[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
done
}
# need PACKAGE…: they are installed.
need() {
lack=$(lacking "$@")
[ -n "$lack" ] || return 0
changes "installing $lack"
apt_get install --no-install-recommends $lack || fail "apt did not install $lack: its last lines say why. Mend that, and resume"
lack=$(lacking "$@")
[ -z "$lack" ] || fail "apt ended well, but $lack is not installed: look at /var/log/apt/term.log on the server, and resume"
}
