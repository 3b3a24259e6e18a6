size=$(memory "$percent")
if [ "$size" -le 0 ]; then echo "the config wants no swap"; finish; fi
if systemd-detect-virt -cq; then echo "swap is the machine's that this server is a part of"; finish; fi
has_swap() { awk -v file="$file" '$1 == file { found = 1 } END { exit !found }' /proc/swaps; }
if ! has_swap; then
changes "making $size MB of swap"
free=$(df -Pm "${file%/*}/" | awk 'NR == 2 { print $4 }')
[ "$free" -gt $((size + 1024)) ] || fail "the disk has $free MB free, and $size MB of swap do not leave it 1 GB: take a larger disk, or a smaller swap_multiplier in fabulaws-config.yml"
if [ "$(stat -c %s "$file" 2>/dev/null)" != $((size * 1048576)) ]; then
rm -f "$file.new"
(umask 077; fallocate -l "${size}M" "$file.new")
mv -f "$file.new" "$file"
fi
mkswap -f "$file" >/dev/null
swapon "$file"
has_swap || fail "swapon took $file, and /proc/swaps does not show it: look at dmesg on the server, and resume"
fi
grep -qE "^$file[[:space:]]" /etc/fstab || { echo "$file none swap $options 0 0" >>/etc/fstab; changes "$file is in /etc/fstab"; }
finish
