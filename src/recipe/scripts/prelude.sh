set -eu
export LC_ALL=C.UTF-8 PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
me=$(id -un)
as_user() {
u=$1; shift
if [ "$u" = "$me" ]; then "$@"
elif [ "$me" = root ]; then runuser -u "$u" -- "$@"
else sudo -n -u "$u" "$@"; fi
}
as_root() { as_user root "$@"; }
fail() { echo "$1" >&2; exit 1; }
