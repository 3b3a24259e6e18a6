# On the first boot cloud-init writes apt's sources.
if [ -d /run/cloud-init ]; then
echo "waiting until cloud-init has ended"
ended=0
timeout 600 cloud-init status --wait >/dev/null 2>&1 || ended=$?
[ "$ended" != 124 ] || fail "cloud-init did not end within ten minutes: look at /var/log/cloud-init-output.log on the server, and resume"
fi
if [ -n "$mirror" ]; then
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
[ -f "$list" ] || continue
if grep -Eq '[a-z0-9-]+\.ec2\.archive\.ubuntu\.com' "$list"; then
sed -E -i "s#[a-z0-9-]+\.ec2\.archive\.ubuntu\.com#$mirror#g" "$list"
rm -f "$state/lists"
changes "$list names $mirror"
fi
done
fi
# Lists of the last day are good enough.
if [ -z "$(find "$state/lists" -mmin -1440 2>/dev/null)" ] || ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then
changes "reading the lists of packages"
apt_get update || fail "the lists of packages could not be read: apt's last lines say why. Mend that, and resume"
mkdir -p "$state"
touch "$state/lists"
fi
if [ "$upgrade" = yes ]; then
pending() { apt-get -s -q dist-upgrade 2>/dev/null | grep -c '^Inst ' || :; }
count=$(pending)
if [ "$count" != 0 ]; then
changes "upgrading $count packages"
apt_get dist-upgrade || fail "the packages could not be upgraded: apt's last lines say why. Mend that, and resume"
count=$(pending)
[ "$count" = 0 ] || fail "$count packages are still to be upgraded: run apt-get dist-upgrade on the server to see why, and resume"
fi
fi
finish
