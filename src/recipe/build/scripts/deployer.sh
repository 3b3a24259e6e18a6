if ! id -u "$deploy_user" >/dev/null 2>&1; then
mkdir -p -- "$(dirname -- "$home")"
useradd -m -d "$home" -s /bin/bash "$deploy_user"
changes "made user $deploy_user"
fi
[ "$(getent passwd "$deploy_user" | cut -d : -f 6)" = "$home" ] || fail "$deploy_user is here and has another home than $home: a server that is built anew has no such user. Take another image, or name that home in fabulaws-config.yml"
# Where the home is on a volume it was there before its user.
if [ "$(stat -c %U -- "$home")" != "$deploy_user" ]; then chown "$deploy_user:$(id -gn "$deploy_user")" -- "$home"; changes "$home is $deploy_user's"; fi
# What the web server and Celery run as reads below it.
if [ "$(stat -c %a -- "$home")" != 755 ]; then chmod 755 -- "$home"; changes "others may read $home"; fi
keys_of "$deploy_user" "$home" "$deploy_keys"
