# R9: writes this server's own addresses where those of the server stand that its image was made of, before anything reads
# them. Whatever fails changes nothing.
quiet() { echo "$1: the addresses in the files stay as they are"; exit 0; }
[ -s "$known" ] || quiet "nobody has noted which addresses stand in the files"
metadata() { curl -q -fsS -m 5 --noproxy '*' "$@"; }
at=http://169.254.169.254/latest
waited=0
until word=$(metadata -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$at/api/token"); do
[ "$waited" -lt "$patience" ] || quiet "EC2 does not say which addresses this server has"
sleep 1; waited=$((waited+1))
done
# An address that this server does not have is not found; everything else that is not an answer ends it here.
ask() { printf 'X-aws-ec2-metadata-token: %s\n' "$word" | curl -q -sS -m 5 --noproxy '*' -H @- -w '\n%{http_code}' "$at/meta-data/$1"; }
found=
for name in local-hostname local-ipv4 public-hostname public-ipv4; do
answer=$(ask "$name") || quiet "EC2 does not say its $name"
code=${answer##*
}
value=${answer%
*}
case $code in 200) ;; 404) value= ;; *) quiet "EC2 answers $code when asked for its $name" ;; esac
case $value in *[!0-9A-Za-z.:-]*) quiet "EC2 says something else than an address for its $name" ;; esac
found="$found$value
"
done
[ -n "$(printf '%s' "$found" | sed -n 2p)" ] || quiet "EC2 says no private address"
edits= number=0
for name in local-hostname local-ipv4 public-hostname public-ipv4; do
number=$((number+1))
old=$(sed -n "${number}p" "$known"); new=$(printf '%s' "$found" | sed -n "${number}p")
case $old in ''|*[!0-9A-Za-z.:-]*) continue ;; esac
[ -n "$new" ] && [ "$new" != "$old" ] || continue
plain=$(printf '%s' "$old" | sed 's/\./\\./g')
# A mark takes the new one's place first: it may hold the old one of another line.
edits="$edits:a$number
s/(^|[^0-9A-Za-z.-])$plain(\$|[^0-9A-Za-z.-])/\\1@own-$number@\\2/
ta$number
"
late="${late-}s/@own-$number@/$new/g
"
done
[ -n "$edits" ] || { echo "the addresses in the files are this server's"; exit 0; }
trap 'for file in "$known" "$@"; do rm -f -- "$file.own"; done' EXIT
for file in "$@"; do
[ -f "$file" ] || continue
cp -p -- "$file" "$file.own"
printf '%s%s' "$edits" "$late" | sed -E -f /dev/stdin "$file" >"$file.own"
done
cp -p -- "$known" "$known.own"
printf '%s%s' "$edits" "$late" | sed -E -f /dev/stdin "$known" >"$known.own"
for file in "$@" "$known"; do
[ ! -f "$file.own" ] || mv -f -- "$file.own" "$file"
done
echo "the addresses in the files are this server's now"
