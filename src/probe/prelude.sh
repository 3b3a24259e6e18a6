# Begins every request's script. Each section is framed on both streams by a word that nobody can guess, has its own
# `timeout`, and cannot read what comes after it. Root's commands have theirs inside sudo: from outside, an ordinary
# user may not end them. The word comes on standard input, for everybody on the server sees arguments.
cd / && read -r word || exit
export LC_ALL=C.UTF-8 TZ=UTC PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
me=$(id -un) && export me
helpers='as_user() {
u=$1; shift
if [ "$u" = "$me" ]; then timeout -k 1 "$limit" "$@"
elif [ "$me" = root ]; then runuser -u "$u" -- timeout -k 1 "$limit" "$@"
else sudo -n -u "$u" timeout -k 1 "$limit" "$@"; fi
}
as_root() { as_user root "$@"; }
'
section() {
printf '@%s begin %s\n' "$word" "$1"; printf '@%s begin %s\n' "$word" "$1" >&2
limit=$2 timeout -k 2 $(($2+2)) sh -c "$helpers$3" </dev/null; c=$?
printf '\n@%s end %s %s\n' "$word" "$1" "$c"; printf '\n@%s end %s %s\n' "$word" "$1" "$c" >&2
}
