# Runs one command so that it never outlives whoever asked for it: when standard input ends, because it was
# cancelled or because the connection broke, the command and everything it started is told to end, and two
# seconds later made to. Says on both streams when it starts and when it has ended.
# Arguments: seconds after which the server itself ends it, bytes of input that come next, command.
# The first line of standard input, for everybody on the server sees arguments: the nonce that frames what is printed,
# and which the command must not know; the mark of its processes; a line of input for the command, or nothing.
limit=$1 size=$2 command=$3 known=
read -r n job line || exit
mark() { printf '\036%s %s\n' "$n" "$1"; printf '\036%s %s\n' "$n" "$1" >&2; }
exec 3<&0 4</dev/null 5>&1 6>&2
[ -z "$line" ] || exec 4<<LINE
$line
LINE
mark start
# The input is complete before the command begins, and never has a name for longer than it takes to open it.
if [ "$size" != 0 ]; then
t=$(umask 077; mktemp -p /dev/shm 2>/dev/null || mktemp) && head -c "$size" <&3 >"$t"
if [ -z "$t" ] || [ "$(wc -c <"$t")" != "$size" ]; then
[ -z "$t" ] || rm -f -- "$t"
mark 'end 1 cut -'; exit 1
fi
exec 4<"$t"; rm -f -- "$t"
fi
# Whoever is in its session, descends from it, carries its mark, or once did: sudo leads out of the session and drops
# the mark, and what has lost its parent descends from nobody. A process is its id and when it began; zombies are gone.
members() {
marked=$(printf '^QUARTERDECK_JOB=%s$\n' "$job" | grep -lszf - /proc/[0-9]*/environ | tr -dc '0-9\n' | tr '\n' ' ')
cat /proc/[0-9]*/stat | awk -v kid="$kid" -v known="$known" -v marked="$marked" '
{ pid = $1; sub(/^.*\) /, ""); if ($1 != "Z" && $1 != "X") { up[pid] = $2; session[pid] = $4; began[pid] = $20 } }
END {
split(known, a, " "); for (i in a) old[a[i]]; split(marked, b, " "); for (i in b) mark[b[i]]
for (p in up) {
q = p; while (q > 1 && q != kid && q in up) q = up[q]
if (q == kid || session[p] == kid || p in mark || p ":" began[p] in old) printf "%s:%s ", p, began[p]
} }'
}
signal() { p=$(members); known="$known $p"; for p in $p; do kill -s "$1" "${p%:*}"; done; }
# What the shell itself says about a signal tells it from an exit code above 128: it is caught in r.
r=$(
QUARTERDECK_JOB=$job SHLVL=1 setsid timeout -k 2 "$limit" "${SHELL:-/bin/sh}" -c "$command" <&4 >&5 2>&6 3<&- 4<&- 5>&- 6>&- &
kid=$!
(
while read -r l <&3; do :; done
trap '' TERM
echo asked
signal TERM
i=0; while [ $i -lt 20 ] && [ -n "$(members)" ]; do sleep 0.1; i=$((i+1)); done
i=0; while [ $i -lt 10 ] && [ -n "$(members)" ]; do signal KILL; sleep 0.1; i=$((i+1)); done
set -- $(members)
echo "left $#"
) 2>/dev/null 4<&- 5>&- 6>&- &
dog=$!
{ wait "$kid"; code=$?; } 2>&1
{ kill -s TERM "$dog"; wait "$dog"; } >/dev/null 2>&1
echo "@$code"
)
code=${r##*@}; r=${r%@*}; how=exit left=-
case $r in
*'left '*) left=${r##*left }; left=${left%%[!0-9]*} ;;
?*) how=signal ;;
esac
mark "end $code $how $left"
