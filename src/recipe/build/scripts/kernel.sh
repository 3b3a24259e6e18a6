file=/etc/sysctl.d/60-quarterdeck.conf
# Shared memory as of old: a kernel that gives less than there is, is told to give all.
pages=$(($(memory 100) * 256))
if [ -n "$shared" ]; then
most=$(cat /proc/sys/kernel/shmall 2>/dev/null) || most=0
# What it gives by itself is a number that the shell cannot hold.
if [ "${#most}" -lt 16 ] && [ "$most" -lt "$pages" ]; then
lines="$lines
kernel.shmall = $pages
kernel.shmmax = $((pages * 4096))"
fi
fi
put "$file" 644 root:root <<CONF
$lines
CONF
if systemd-detect-virt -cq; then echo "the kernel is the machine's that this server is a part of: what $file says is left to it"; finish; fi
now() { sysctl -n "$1" 2>/dev/null || echo 'not known'; }
# Memory is not promised more strictly than it is promised already: nothing could start any more.
fits() {
case $1 in 'vm.overcommit_memory = 2') ;; *) return 0 ;; esac
awk -v ratio="$(now vm.overcommit_ratio)" '/^MemTotal:/ { all = $2 } /^SwapTotal:/ { swap = $2 } /^Committed_AS:/ { promised = $2 } END { exit !(promised < (all * ratio / 100 + swap) * 0.9) }' /proc/meminfo
}
while read -r line; do
[ -n "$line" ] || continue
name=${line%% = *} wanted=${line#* = }
is=$(now "$name")
if [ "$is" = "$wanted" ]; then continue; fi
if ! fits "$line"; then echo "$name stays $is until the next boot: more memory is promised by now than it would allow"; continue; fi
sysctl -q -w "$name=$wanted" || fail "the kernel does not take $name = $wanted: the last line says why. Mend $file on the server, and resume"
[ "$(now "$name")" = "$wanted" ] || fail "the kernel took $name = $wanted, and says $(now "$name"): look at sysctl $name on the server, and resume"
changes "$name is $wanted, and was $is"
done <"$file"
finish
