# Writes a file that appears under its name complete or not at all.
# Arguments: size, mode, owner or nothing, path.
# Standard input: a line with the nonce, the bytes, a line with their SHA-256.
size=$1 mode=$2 owner=$3 path=$4 t=
read -r n _ || exit
mark() { printf '\036%s %s\n' "$n" "$1"; printf '\036%s %s\n' "$n" "$1" >&2; }
fail() { [ -z "$t" ] || rm -f -- "$t"; [ -z "$1" ] || echo "$1" >&2; mark 'end 1 exit -'; exit 1; }
mark start
[ ! -d "$path" ] || fail "$path is a directory"
t=$(mktemp -- "$(dirname -- "$path")/.quarterdeck.XXXXXXXX") || fail "$path cannot be written"
trap 'fail "it was broken off"' HUP TERM INT
head -c "$size" >"$t" || fail "$path cannot be written"
read -r sum || fail "the upload of $path was cut short"
[ "$(sha256sum <"$t")" = "$sum  -" ] || fail "the upload of $path was damaged on its way"
[ -z "$owner" ] || chown -- "$owner" "$t" || fail "$path cannot be given to $owner"
chmod -- "$mode" "$t" || fail "$path cannot have mode $mode"
sync -- "$t" 2>/dev/null
mv -fT -- "$t" "$path" || fail "$path cannot be replaced"
mark 'end 0 exit -'
