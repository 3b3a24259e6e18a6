site_user=${webserver_user:-$deploy_user}
if ! id -u "$site_user" >/dev/null 2>&1; then
useradd -r -U -m -d "/var/lib/$site_user" -s /usr/sbin/nologin "$site_user"
changes "made user $site_user"
fi
# place DIRECTORY OWNER: it is there and the owner's; everybody may read it.
place() {
if [ ! -d "$1" ]; then
install -d -m 755 -o "$2" -g "$(id -gn "$2")" -- "$1"
changes "made $1"
elif [ "$(stat -c '%a %U' -- "$1")" != "755 $2" ]; then
chown -- "$2:$(id -gn "$2")" "$1"
chmod 755 -- "$1"
changes "$1 is $2's, and everybody may read it"
fi
}
for dir in "${root%/*}" "$root" "$services" "$services/supervisor" "$services/pgbouncer" "$services/stunnel" "$services/nginx" "$services/nginx/html"; do
place "$dir" "$deploy_user"
done
for dir in "$log_dir" "$media_root" "$static_root"; do place "$dir" "$site_user"; done
# Supervisor keeps old logs of its own under numbers: these have dates. Programs go on writing into the file that they have
# open.
rotation=/etc/logrotate.d/$project-$environment
put "$rotation" 644 root:root <<CONF
$log_dir/*.log {
    daily
    maxsize 500M
    rotate 14
    dateext
    dateformat -%Y%m%d-%s
    missingok
    notifempty
    compress
    delaycompress
    copytruncate
}
CONF
logrotate -d "$rotation" >/dev/null 2>&1 || fail "logrotate cannot read $rotation: logrotate -d $rotation on the server says why. Mend that, and resume"
finish
