# What must not be shared by all who boot the image. Danger: on any other server than the one that the image is made of
# this would do harm. So nothing is touched unless somebody says which server is meant, and EC2 says of this one that it
# is that. Only files that are named here go, all of them below $root; nothing is removed with what is in it.
nothing() { fail "$1: nothing was removed"; }
for path in "$root" "$home" "$services" "$site_root" "$log_dir"; do
case $path in
*/../*|*/..) nothing "$path leads elsewhere" ;;
/*) ;;
*) nothing "“$path” is no whole path" ;;
esac
done
below=${root%/}
server=${QUARTERDECK_SERVER:-}
case $server in
i-*) ;;
*) nothing "nobody said which server is meant" ;;
esac
metadata() { curl -q -fsS -m 5 --noproxy '*' "$@"; }
at=http://169.254.169.254/latest
word=$(metadata -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$at/api/token") || nothing "EC2 does not say which server this is"
here=$(printf 'X-aws-ec2-metadata-token: %s\n' "$word" | metadata -H @- "$at/meta-data/instance-id") || nothing "EC2 does not say which server this is"
[ "$here" = "$server" ] || nothing "this is not $server, but $here"
# On its first boot cloud-init makes new host keys. Without it the servers of the image could not be reached.
[ -x "$below/usr/bin/cloud-init" ] || nothing "there is no cloud-init here, and nobody else would make new host keys"
if grep -Eqis '^[[:space:]]*ssh_deletekeys:[[:space:]]*(false|no|off|0)' "$below"/etc/cloud/cloud.cfg "$below"/etc/cloud/cloud.cfg.d/*.cfg; then
nothing "cloud-init is told to keep host keys (ssh_deletekeys)"
fi
case $(stat -f -c %T "$below/run") in
tmpfs|ramfs) ;;
*) nothing "$below/run is not in memory" ;;
esac
as_root sh -eu -c '
below=$1 home=$2 services=$3 site_root=$4 log_dir=$5
gone() {
for file in "$@"; do
if [ -f "$file" ] || [ -L "$file" ]; then rm -f -- "$file"; echo "removed $file"; fi
done
}
for dir in "$services" "$site_root" "$site_root/run" "$log_dir"; do gone "$below$dir"/*.pid; done
gone "$below$services"/*/*.pid
for user in "$below/root" "$below$home" "$below"/home/*; do
for name in .bash_history .zsh_history .sh_history .python_history .psql_history .rediscli_history .lesshst .viminfo; do
gone "$user/$name"
done
gone "$user"/.aws/cli/cache/*.json "$user"/.aws/sso/cache/*.json
done
for status in "$below"/var/lib/quarterdeck/jobs/*/status; do
gone "${status%/status}/out" "${status%/status}/err"
done
id=$below/etc/machine-id
if [ -f "$id" ] && [ ! -L "$id" ]; then : >"$id"; echo "emptied $id"; fi
[ -L "$below/var/lib/dbus/machine-id" ] || gone "$below/var/lib/dbus/machine-id"
# No image holds what is in memory: there sshd still finds its keys until this server is gone, and a lost connection to it
# can be made again.
keys=$below/run/quarterdeck-host-keys
for key in "$below"/etc/ssh/ssh_host_*_key; do
if [ -f "$key" ] && [ ! -L "$key" ]; then
mkdir -p -m 700 -- "$keys"
cp -p -- "$key" "$keys/${key##*/}"
ln -sf -- "$keys/${key##*/}" "$key.quarterdeck"
mv -f -- "$key.quarterdeck" "$key"
gone "$key.pub"
echo "removed $key"
fi
done' clean "$below" "$home" "$services" "$site_root" "$log_dir"
echo "host keys, machine-id, pid files and shell history are gone"
