# Durable jobs: transient systemd units with their output and exit status in a directory of their own.
# Arguments: what to do, name; start: user or nothing, limit in seconds, and the script on standard input;
# attach: bytes already seen of standard output and standard error. All but start read the nonce of their last word.
do=$1 name=$2 d=/var/lib/quarterdeck/jobs/$2 unit=quarterdeck-$2.service
say() { printf '\036%s job %s\n' "$n" "$1"; }
state() { systemctl show -p ActiveState "$unit" | sed 's/^ActiveState=//'; }
over() { case $(state) in inactive|failed) return 0 ;; esac; return 1; }
[ "$do" = start ] || read -r n || exit
[ "$do" = start ] || [ -d "$d" ] || { say absent; exit 1; }
case $do in
start)
user=${3:-${SUDO_USER:-$(id -un)}} limit=$4
umask 077
mkdir -p -- "$d" && chmod 711 /var/lib/quarterdeck /var/lib/quarterdeck/jobs "$d" || exit 1
exec 9>"$d/lock" && flock 9 || exit 1
if [ -e "$d/started" ] || [ -e "$d/status" ] || ! over; then exit 0; fi
cat >"$d/command" && : >"$d/out" && : >"$d/err" || exit 1
cat >"$d/run" <<RUN
cd
exec "\${SHELL:-/bin/sh}" "$d/command" </dev/null >>"$d/out" 2>>"$d/err"
RUN
cat >"$d/done" <<DONE
printf '%s %s %s\n' "\$SERVICE_RESULT" "\$EXIT_CODE" "\$EXIT_STATUS" >"$d/status.new" && sync && mv "$d/status.new" "$d/status"
DONE
chmod 644 "$d/run"; chown -- "$user" "$d/command" "$d/out" "$d/err" || exit 1
systemd-run --quiet --collect --unit="$unit" --uid="$user" --description="Quarterdeck: $name" -p RuntimeMaxSec="$limit" \
-p TimeoutStopSec=10 -p PermissionsStartOnly=yes -p ExecStopPost="/bin/sh $d/done" -- /bin/sh "$d/run" 9>&- || exit 1
: >"$d/started"
;;
attach)
( i=0
while [ ! -e "$d/status" ]; do
i=$((i+1)); [ $((i % 10)) != 0 ] || ! over || break
sleep 0.2
done ) & w=$!
tail -c "+$(($3+1))" -s 0.1 --pid="$w" -f "$d/out" &
tail -c "+$(($4+1))" -s 0.1 --pid="$w" -f "$d/err" >&2 &
wait
if [ -e "$d/cancelled" ]; then say cancelled
elif [ -e "$d/status" ]; then say "$(cat "$d/status")"
else say vanished; fi
;;
stop)
[ ! -e "$d/status" ] || exit 0
over || : >"$d/cancelled"
systemctl stop "$unit" 2>/dev/null
over || { echo "$unit is still $(state)" >&2; exit 1; }
;;
forget)
over || { echo "$unit is $(state): stop it first" >&2; exit 1; }
rm -rf -- "$d"
;;
esac
