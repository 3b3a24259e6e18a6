# What every part of building a server shares. A part changes what is not so yet, says each thing that it changes, and in the
# end whether there was anything to change. Danger: on any other machine than the server that is meant it would do harm.
here=$(cat /var/lib/cloud/data/instance-id 2>/dev/null) || here="a machine that cloud-init does not know"
if [ -z "${QUARTERDECK_SERVER:-}" ] || [ "$here" != "$QUARTERDECK_SERVER" ]; then
fail "this is not ${QUARTERDECK_SERVER:-the server that is meant}, but $here: nothing was changed"
fi
[ "$me" = root ] || fail "this is to be run as root, not as $me: nothing was changed"
state=/var/lib/quarterdeck/build
changed=
changes() { changed=yes; echo "$1"; }
finish() {
if [ -n "$changed" ]; then echo "done: $what"; else echo "already so: $what"; fi
exit 0
}
# wait_for SECONDS COMMAND…: whether it comes to be so.
wait_for() {
last=$(($(date +%s) + $1)); shift
while ! "$@" >/dev/null 2>&1; do
[ "$(date +%s)" -lt "$last" ] || return 1
sleep 1
done
}
# put FILE MODE OWNER: the file holds what is on standard input, whole or as before.
put() {
mkdir -p -- "$(dirname -- "$1")"
(umask 077; cat >"$1.quarterdeck-new")
chmod "$2" -- "$1.quarterdeck-new"
chown "$3" -- "$1.quarterdeck-new"
if cmp -s -- "$1.quarterdeck-new" "$1" && [ "$(stat -c '%a %U:%G' -- "$1")" = "$(stat -c '%a %U:%G' -- "$1.quarterdeck-new")" ]; then
rm -f -- "$1.quarterdeck-new"
else
mv -f -- "$1.quarterdeck-new" "$1"
changes "wrote $1"
fi
}
# settle UNIT FILE…: the service runs, at the next boot too, and has read these files as they are. What this part changed
# before, such as a package that brought its own, it may not have read.
settle() {
unit=$1; shift
digest=$(cat -- "$@" | sha256sum | cut -d ' ' -f 1)
if [ -z "$changed" ] && [ "$(cat "$state/$unit" 2>/dev/null)" = "$digest" ] && systemctl is-active -q "$unit"; then return 0; fi
changes "starting $unit with its settings"
systemctl daemon-reload
systemctl -q enable "$unit" || fail "$unit cannot be switched on: the last line says why; where somebody has masked it, systemctl unmask $unit takes that back. Mend that, and resume"
systemctl restart "$unit" || fail "$unit does not start: journalctl -u $unit on the server says why. Mend that, and resume"
mkdir -p "$state"
echo "$digest" >"$state/$unit"
}
# The address by which other servers of the network know this one.
own_address() { ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p'; }
# So many hundredths of the machine's memory, in MB.
memory() { awk -v part="$1" '/^MemTotal:/ { printf "%d", $2 * part / 100 / 1024 }' /proc/meminfo; }
