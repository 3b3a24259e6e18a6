# Who has left is nobody who works here any more, and either was made by Quarterdeck or is in a group of administrators.
# Whoever the image lets in, the code's owner, and users of the system are none of them.
known=$state/people
is_wanted() { printf '%s\n' $wanted | grep -qxF "$1"; }
leaves() {
is_wanted "$1" && return 1
case $1 in ubuntu|debian|admin|ec2-user|root|"$deploy_user"|"$webserver_user") return 1 ;; esac
uid=$(id -u "$1" 2>/dev/null) || return 1
[ "$uid" -ge 1000 ] && [ "$uid" -lt 60000 ] || return 1
if grep -qxF "$1" "$known" 2>/dev/null; then return 0; fi
for group in $groups; do
if id -nG "$1" | tr ' ' '\n' | grep -qxF "$group"; then return 0; fi
done
return 1
}
revoke() {
home=$(getent passwd "$1" | cut -d : -f 6)
# The keys first: whoever is logged in comes in no more.
rm -f -- "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2"
usermod -L -e 1 "$1"
crontab -r -u "$1" 2>/dev/null || :
pkill -KILL -u "$1" 2>/dev/null || :
gone() { ! pgrep -u "$1" >/dev/null; }
wait_for 20 gone "$1" || fail "processes of $1 do not end: the keys are gone and the user is locked. End them (pgrep -u $1), and resume"
userdel "$1" || fail "user $1 is still there, without keys and locked: userdel $1 on the server says why. Mend that, and resume"
# Another user may get the same number, and would own what is left.
if [ "$home" = "/home/$1" ] && [ -d "$home" ]; then
left=$home.left-$(date -u +%Y%m%d%H%M%S)
mv -- "$home" "$left"
chown -R root:root -- "$left"
chmod 700 -- "$left"
else
left=$home
fi
changes "removed user $1 with both files of keys; what they left is in $left"
}
for user in $(getent passwd | cut -d : -f 1); do
if leaves "$user"; then revoke "$user"; fi
done
printf '%s\n' $wanted | put "$known" 600 root:root
finish
