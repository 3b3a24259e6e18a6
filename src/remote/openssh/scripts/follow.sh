# Follows files and units of the journal in one session. tail names the file before its lines; with links whose
# names nobody can guess, no line of a log can pass for such a name. They stand on the process list: whoever is logged in
# and also writes to one of these logs can pass its lines for those of another one here, and no more than that.
# A file with * in its name stands for the newest one that matches when it begins.
# Arguments: first half of the names, lines of the past, once or nothing, units of the journal as one word of options, files.
n=$1 past=$2 once=$3 units=$4; shift 4
newest() { IFS=; set -- $1; ls -td -- "$@" 2>/dev/null | head -n 1; }
d=$(mktemp -d) && cd "$d" || exit 1
trap 'rm -rf -- "$d"' EXIT
trap exit TERM INT HUP
t='-s 0.3 -F' j=-f
[ -z "$once" ] || t='' j=''
i=0
for f; do case $f in *\**) g=$(newest "$f"); f=${g:-$f} ;; esac; ln -s -- "$f" "$n-$i"; shift; set -- "$@" "$n-$i"; i=$((i+1)); done
# tail believes that it named the last file already, even if that file was not there: the last one is empty.
: >"$n-$i"
[ $# = 0 ] || tail -v -n "$past" $t -- "$@" "$n-$i" &
set -f
[ -z "$units" ] || journalctl --no-pager -q $j -n "$past" -o short-iso-precise $units >&2 &
wait
