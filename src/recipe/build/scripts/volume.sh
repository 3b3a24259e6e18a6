# The file system's UUID is chosen and written down before there is one: so what was begun here is known again, and no other
# disk is taken for it.
mkdir -p "$state"
[ -s "$state/volume" ] || cat /proc/sys/kernel/random/uuid >"$state/volume"
uuid=$(cat "$state/volume")
# What locks it has a name of its own, and is known to be whole by a file: before that there is nothing behind the lock.
mapper=
if [ -n "$locks" ]; then
mapper=quarterdeck-data
[ -n "${luks_passphrase:-}" ] || fail "no luks_passphrase came along: resume, and it is asked for. Nothing was formatted"
[ -s "$state/luks" ] || cat /proc/sys/kernel/random/uuid >"$state/luks"
luks=$(cat "$state/luks")
need cryptsetup-bin
fi
size() { lsblk -dnbro SIZE -- "$1"; }
in_gb() { echo "$(($(size "$1") / 1073741824)) GB"; }
# A disk that cannot be read, has a part, is used by anything, or has a signature of anything, is not blank.
is_blank() {
[ "$(lsblk -nro NAME -- "$1" | wc -l)" = 1 ] && [ -z "$(lsblk -dnro MOUNTPOINT -- "$1")" ] || return 1
head -c 4096 -- "$1" >/dev/null 2>&1 || return 1
signatures=$(wipefs -n -- "$1" 2>/dev/null) || return 1
[ -z "$signatures" ] || return 1
found=0
blkid -p -- "$1" >/dev/null 2>&1 || found=$?
[ "$found" = 2 ]
}
# Blank disks of the size that is wanted. What an instance has of its own is forgotten when it stops.
blank() {
lsblk -dnro NAME,TYPE | while read -r name kind; do
case $kind-$name in disk-zram*|disk-ram*|disk-nbd*|disk-fd*) continue ;; disk-*) ;; *) continue ;; esac
case $(lsblk -dnro MODEL -- "/dev/$name") in *Instance*Storage*) continue ;; esac
if [ "$(size "/dev/$name")" = $((gb * 1073741824)) ] && is_blank "/dev/$name"; then echo "/dev/$name"; fi
done
}
# EC2's name of the disk is its own only on some servers: xvd on Xen, a number in the order of their coming with NVMe.
look() {
if disk=$(blkid -c /dev/null -U "${luks:-$uuid}"); then is_ours=yes; return 0; fi
is_ours=
for name in "$device" "/dev/xvd${device#/dev/sd}"; do
if [ -b "$name" ]; then disk=$(readlink -f -- "$name"); return 0; fi
done
disk=$(blank)
[ -n "$disk" ]
}
there() { lsblk -dnro NAME,SIZE,SERIAL | tr '\n' ';'; }
wait_for 180 look || fail "no blank disk of $gb GB came within three minutes, and none is called $device; this server has: $(there). A smaller one will not do, nor one with anything on it: see in EC2 whether the volume at $device is attached and as large as volume_sizes in fabulaws-config.yml wants it, and resume. Nothing was formatted"
[ "$(echo "$disk" | wc -l)" = 1 ] || fail "several disks could be the data volume: $(echo $disk). Detach those that are not, and resume. Nothing was formatted"
[ "$(size "$disk")" -ge $((gb * 1073741824)) ] || fail "the disk $disk has $(in_gb "$disk"), and the config wants $gb GB: enlarge its volume in EC2, or mend volume_sizes in fabulaws-config.yml and begin again. Nothing was formatted"
must_be_blank() {
is_blank "$disk" || fail "$disk is in use or has something on it, and is not formatted: $(lsblk -nro NAME,FSTYPE,MOUNTPOINT -- "$disk" | tr '\n' ';'). If nobody needs that, empty it with wipefs -a $disk on the server, and resume"
}
# Its passphrase goes on standard input, without a line's end, as one that is typed.
if [ -n "$locks" ]; then
passphrase() { printf '%s' "$luks_passphrase"; }
if [ ! -e "$state/luks-whole" ]; then
if [ -b "/dev/mapper/$mapper" ]; then cryptsetup close "$mapper" || fail "/dev/mapper/$mapper is in use: see who uses it (lsblk, fuser), and resume"; fi
if [ -z "$is_ours" ]; then must_be_blank; fi
changes "locking $disk with the passphrase"
passphrase | cryptsetup -q luksFormat --type luks2 --uuid "$luks" --key-file - "$disk" || fail "cryptsetup did not lock $disk: its last lines say why. Mend that, and resume"
is_ours=
else is_ours=yes; fi
if [ ! -b "/dev/mapper/$mapper" ]; then
passphrase | cryptsetup open --type luks --key-file - "$disk" "$mapper" || fail "the passphrase does not open $disk, or the kernel cannot: cryptsetup's last lines say which. Resume, and it is asked for again"
changes "opened $disk"
else
passphrase | cryptsetup open --test-passphrase --type luks --key-file - "$disk" || fail "$disk is open, and what was typed is not its passphrase: resume, and it is asked for again"
fi
disk=/dev/mapper/$mapper
fi
if [ -z "$is_ours" ]; then
must_be_blank
changes "making $fs_type on $disk of $(in_gb "$disk")"
case $fs_type in
ext3|ext4) "mkfs.$fs_type" -q -U "$uuid" "$disk" </dev/null || fail "mkfs.$fs_type did not format $disk: its last lines say why. Mend that, and resume" ;;
xfs) need xfsprogs; mkfs.xfs -q -m "uuid=$uuid" "$disk" </dev/null || fail "mkfs.xfs did not format $disk: its last lines say why. Mend that, and resume" ;;
btrfs) need btrfs-progs; mkfs.btrfs -q -U "$uuid" "$disk" </dev/null || fail "mkfs.btrfs did not format $disk: its last lines say why. Mend that, and resume" ;;
*) fail "there is no file system $fs_type: mend fs_type in fabulaws-config.yml, and begin again. Nothing was formatted" ;;
esac
udevadm settle --timeout=30 || :
if [ -n "$locks" ]; then touch "$state/luks-whole"; fi
fi
kind=$(blkid -p -o value -s TYPE -- "$disk")
# entry PLACE LINE: the line is in /etc/fstab, and no other one for the place.
is_in_fstab() { grep -qxF -- "$1" /etc/fstab; }
entry() {
if is_in_fstab "$2"; then return 0; fi
if awk -v at="$1" '$1 !~ /^#/ && $2 == at { found = 1 } END { exit !found }' /etc/fstab; then fail "/etc/fstab has another line for $1: take it away, or take another app_root, and resume"; fi
echo "$2" >>/etc/fstab
changes "$1 is in /etc/fstab"
}
is_mounted() { findmnt -rn -M "$1" >/dev/null; }
holds() { [ -n "$(ls -A -- "$1" 2>/dev/null)" ]; }
# mounted PLACE: as /etc/fstab says.
mounted() {
if is_mounted "$1"; then return 0; fi
systemctl daemon-reload
mount -- "$1" || fail "$1 cannot be mounted: the last lines and dmesg on the server say why. Mend that, and resume"
changes "mounted $1"
}
if is_mounted "$mount_at"; then
from=$(findmnt -rno SOURCE -M "$mount_at" | tail -n 1)
[ "$(readlink -f -- "$from")" = "$(readlink -f -- "$disk")" ] || fail "$from is mounted at $mount_at, where the data volume belongs: unmount it, or take another app_root, and resume"
elif holds "$mount_at"; then
fail "$mount_at has files in it, which the volume would hide: move them away, and resume"
fi
mkdir -p -- "$mount_at"
# One that is locked is not waited for at boot: whoever has the passphrase opens it, and what needs it starts then.
if [ -n "$locks" ]; then with=noauto,nofail line="/dev/mapper/$mapper $mount_at $kind noauto,nofail,x-systemd.device-timeout=5 0 0"
else with=nofail line="UUID=$uuid $mount_at $kind defaults,nofail 0 2"; fi
entry "$mount_at" "$line"
mounted "$mount_at"
# A directory that has something in it is copied before /etc/fstab knows of it, and takes its place after that.
is_used() { [ -n "$(find /proc/[0-9]*/fd /proc/[0-9]*/cwd \( -lname "$1" -o -lname "$1/*" \) 2>/dev/null | head -n 1)" ]; }
bound() {
on=$mount_at$1
line="$on $1 none bind,$with 0 0"
if is_mounted "$1"; then
[ "$1" -ef "$on" ] || fail "something else than $on is mounted at $1: unmount it, and resume"
fi
if ! is_in_fstab "$line" && ! is_mounted "$1" && holds "$1"; then
if holds "$on"; then fail "$1 and $on both have files in them: see which are right, move the others away, and resume"; fi
if is_used "$1"; then fail "$1 has files in it that a running program uses: stop the service that they belong to, and resume"; fi
rm -rf -- "$on.copy"
mkdir -p -- "$(dirname -- "$on")"
cp -a -- "$1" "$on.copy"
sync -f "$on.copy"
changes "copied $1; what was copied stays below the mount"
fi
entry "$1" "$line"
if [ -d "$on.copy" ] && ! holds "$on"; then
if [ -d "$on" ]; then rmdir -- "$on"; fi
mv -- "$on.copy" "$on"
fi
[ -d "$1" ] || mkdir -p -- "$1"
if [ ! -d "$on" ]; then
mkdir -p -- "$on"
chown --reference="$1" -- "$on"
chmod --reference="$1" -- "$on"
fi
mounted "$1"
}
# Without its volume a service does not start, rather than with nothing of what it had.
waits() {
put "/etc/systemd/system/$1.service.d/quarterdeck-volume.conf" 644 root:root <<CONF
[Unit]
RequiresMountsFor=$2
CONF
}
for directory in $directories; do
bound "$directory"
case $directory in
/var/lib/postgresql) waits postgresql@ "$directory" ;;
/var/lib/redis) waits redis-server "$directory" ;;
/var/lib/rabbitmq) waits rabbitmq-server "$directory" ;;
*) waits supervisor "$directory"; waits nginx "$directory" ;;
esac
done
if [ -n "$changed" ]; then systemctl daemon-reload; fi
finish
