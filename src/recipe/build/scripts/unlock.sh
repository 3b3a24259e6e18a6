# What Quarterdeck has locked has a name of its own. What FabulAWS has locked is opened by the name that its list of mounts
# has, which it runs by hand after every boot.
deferred=/mount-deferred.sh
if [ -s "$state/luks" ]; then
mapper=quarterdeck-data
disk=$(blkid -c /dev/null -U "$(cat "$state/luks")") || fail "the data volume of this server is not there: see in EC2 whether it is attached, and resume"
else
disk=$(lsblk -nrpo NAME,FSTYPE | awk '$2 == "crypto_LUKS" { print $1 }')
if [ -z "$disk" ]; then echo "no disk of this server is locked"; finish; fi
[ "$(echo "$disk" | wc -l)" = 1 ] || fail "several disks are locked, and which one is meant is not clear: $(echo $disk). Open the right one by hand, as its name in $deferred or /etc/fstab says, and resume"
mapper=$(cat -- "$deferred" /etc/fstab 2>/dev/null | sed -n 's#^[^\#]*/dev/mapper/\([A-Za-z0-9._-]*\).*#\1#p' | head -n 1)
[ -n "$mapper" ] || fail "$disk is locked, and neither $deferred nor /etc/fstab says how it is called once it is open: open and mount it by hand"
fi
open=/dev/mapper/$mapper
entries() { awk -v of="$open" '$1 !~ /^#/ && $1 == of { at = $2; print at } at != "" && $4 ~ /(^|,)bind(,|$)/ && index($1, at "/") == 1 { print $2 }' /etc/fstab; }
is_mounted() { findmnt -rn -M "$1" >/dev/null; }
if [ ! -b "$open" ]; then
[ -n "${luks_passphrase:-}" ] || fail "no luks_passphrase came along: resume, and it is asked for"
# What has started on the empty directory would go on writing there.
for unit in $services; do
if systemctl is-active -q "$unit"; then systemctl stop "$unit"; changes "stopped $unit, which had started without its data"; fi
done
printf '%s' "$luks_passphrase" | cryptsetup open --type luks --key-file - "$disk" "$mapper" || fail "the passphrase does not open $disk: cryptsetup's last lines say why. Resume, and it is asked for again"
changes "opened $disk"
fi
luks_passphrase=
places=$(entries)
if [ -n "$places" ]; then
systemctl daemon-reload
for place in $places; do
if is_mounted "$place"; then continue; fi
mount -- "$place" || fail "$place cannot be mounted: the last lines and dmesg on the server say why. Mend that, and resume"
changes "mounted $place"
done
elif [ -z "$(findmnt -rn -S "$open")" ]; then
[ -s "$deferred" ] || fail "$disk is open as $open, and neither /etc/fstab nor $deferred says where it is mounted: mount it by hand, and resume"
sh "$deferred" || fail "$deferred did not mount everything: its last lines say why. Mend that, and resume"
changes "mounted what $deferred names"
fi
for file in $(awk '$1 !~ /^#/ && $3 == "swap" { print $1 }' /etc/fstab); do
if [ -f "$file" ] && ! awk -v file="$file" '$1 == file { found = 1 } END { exit !found }' /proc/swaps; then
if swapon "$file"; then changes "swaps to $file"; else echo "$file cannot be swapped to: the server goes on without"; fi
fi
done
case " $services " in *' postgresql '*) services="$(pg_lsclusters -h 2>/dev/null | awk '{ printf "postgresql@%s-%s ", $1, $2 }')$services" ;; esac
for unit in $services; do
systemctl cat "$unit" >/dev/null 2>&1 || continue
# A database that was fenced stays so (R11).
case $(systemctl is-enabled "$unit" 2>/dev/null || :) in masked*) echo "$unit is masked, and left alone"; continue ;; esac
if systemctl is-active -q "$unit"; then continue; fi
systemctl reset-failed "$unit" 2>/dev/null || :
systemctl start "$unit" || fail "$unit does not start: journalctl -u $unit on the server says why. Mend that, and resume"
changes "started $unit"
done
finish
