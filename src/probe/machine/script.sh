# Load, memory, swap and clock. Output:
#   milliseconds=1795384815109
#   load=0.42 0.36 0.30
#   cores=2
#   MemTotal=24684084      and MemAvailable, SwapTotal, SwapFree, in kB
#   up=12885
#   synchronised=yes       or no, or empty where nobody says
echo "milliseconds=$(date +%s%3N)"
read -r one five fifteen rest </proc/loadavg && echo "load=$one $five $fifteen"
echo "cores=$(nproc)"
sed -n 's/^\(MemTotal\|MemAvailable\|SwapTotal\|SwapFree\): *\([0-9]*\) kB$/\1=\2/p' /proc/meminfo
read -r up rest </proc/uptime && echo "up=${up%%.*}"
echo "synchronised=$(timeout 2 timedatectl show -p NTPSynchronized --value 2>/dev/null)"
