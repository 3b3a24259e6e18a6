# Masked as well as stopped: a reboot, also the one of an image being made, would start it again.
units=$(systemctl list-units --all --plain --no-legend 'postgresql@*.service' | awk '{ print $1 }')
for unit in postgresql.service $units; do
if systemctl -q is-active "$unit"; then changes "stopping $unit"; systemctl stop "$unit"; fi
if [ "$(systemctl is-enabled "$unit" 2>/dev/null)" != masked ]; then changes "masked $unit"; systemctl -q mask "$unit"; fi
done
online=$(pg_lsclusters -h 2>/dev/null | awk '$4 ~ /online/ { print $1 "-" $2 }')
[ -z "$online" ] || fail "PostgreSQL $online still runs: systemctl status 'postgresql@*' on the server says why. Mend that, and resume"
finish
