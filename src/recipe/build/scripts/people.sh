for group in $groups; do
getent group "$group" >/dev/null || { groupadd "$group"; changes "made group $group"; }
done
# keys_of USER HOME KEYS: nobody else's key lets in as this user.
keys_of() {
owner=$1:$(id -gn "$1")
[ -d "$2/.ssh" ] || { install -d -m 700 -o "$1" -g "$(id -gn "$1")" "$2/.ssh"; changes "made $2/.ssh"; }
put "$2/.ssh/authorized_keys2" 600 "$owner" <<KEYS
$3
KEYS
}
# person USER NAME KEYS
person() {
if ! id -u "$1" >/dev/null 2>&1; then
useradd -m -s /bin/bash "$1"
changes "made user $1"
elif [ "$(id -u "$1")" -lt 1000 ]; then
fail "$1 is a user of the system here: call the person otherwise, by renaming the file of the keys"
fi
for group in $groups; do
id -nG "$1" | tr ' ' '\n' | grep -qxF "$group" || { usermod -a -G "$group" "$1"; changes "$1 is in group $group"; }
done
if [ -n "$2" ] && [ "$(getent passwd "$1" | cut -d : -f 5)" != "$2" ]; then
usermod -c "$2" "$1"
changes "$1 is $2"
fi
keys_of "$1" "$(getent passwd "$1" | cut -d : -f 6)" "$3"
}
