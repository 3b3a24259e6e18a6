# The user that the image came with lets in whoever has the key of the first contact. It goes once somebody of the project is
# known to come in, and to become root: nobody is ever locked out by this. Its name and files stay.
is_wanted() { printf '%s\n' $wanted | grep -qxF "$1"; }
is_open() { [ "$(getent shadow "$1" | cut -d : -f 8)" != 1 ] || [ -e "$(home_of "$1")/.ssh/authorized_keys" ]; }
home_of() { getent passwd "$1" | cut -d : -f 6; }
# Whoever sshd has let in by a key since the server was made, and whoever it serves now.
came_in() {
journalctl -q --no-pager -o cat -t sshd -t sshd-session 2>/dev/null | sed -n 's/^Accepted publickey for \([^ ]*\) .*/\1/p'
served
}
served() { ps -eo args= | sed -n 's/^sshd[a-z-]*: \([^ @]*\)@.*/\1/p'; }
becomes_root() { runuser -u "$1" -- sudo -n true 2>/dev/null; }
proof=
for user in $(came_in | sort -u); do
if is_wanted "$user" && [ -s "$(home_of "$user")/.ssh/authorized_keys2" ] && becomes_root "$user"; then proof=$user; break; fi
done
for user in ubuntu admin debian ec2-user; do
uid=$(id -u "$user" 2>/dev/null) || continue
[ "$uid" -ge 1000 ] || continue
if is_wanted "$user" || [ "$user" = "$deploy_user" ] || [ "$user" = "$webserver_user" ]; then continue; fi
is_open "$user" || continue
if [ -z "$proof" ]; then echo "$user, the image's own user, stays: nobody of the project has logged in to this server yet. update-people locks it once somebody has"; continue; fi
if served | grep -qxF "$user"; then echo "$user, the image's own user, stays: somebody is logged in as $user, maybe you. update-people, run by somebody with a user of their own (User in ~/.ssh/config), locks it"; continue; fi
home=$(home_of "$user")
usermod -L -e 1 "$user"
rm -f -- "$home/.ssh/authorized_keys" "$home/.ssh/authorized_keys2"
changes "locked $user, the image's own user, and removed its keys: $proof comes in"
done
finish
